/** Why a source refuses what its target asks for, where the target decides by that. */

/** The log has nothing any more of what followed: the copy has to begin anew. */
export const COPY_GONE = "gone";
/** This primary gives out no copy of the move: the one that the target reads is of another, or of another life. */
export const NO_COPY = "no_copy";
