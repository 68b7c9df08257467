/** Why a node cannot start. Nothing on disk was changed, but for what an interrupted earlier start may leave. */
export interface NodeError {
  readonly code: "damaged" | "foreign" | "newer_format" | "locked" | "disk" | "conflict" | "coordinator";
  readonly message: string;
}
