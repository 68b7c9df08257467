const MEBIBYTE = 1 << 20;

/** The least that the setting `memory` may be, in bytes: below it the program's own tables would fill it. */
export const MEMORY_MIN = 16 * MEBIBYTE;
/** The most: what the references of the key space can address, with room for what a busy node holds beyond its limit. */
export const MEMORY_MAX = 12 * 1024 * MEBIBYTE;
