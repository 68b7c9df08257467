/**
 * A key's record in the slab. Twelve bytes of head, then, where the flags say so, twelve of expiry and four of key length, then
 * the key and the value:
 *
 *     byte 0      flags: type (3 bits), EXPIRES, DIRTY, STORED, LOADED, HEAPED
 *     byte 1      length of the key; 255: it stands in the word behind head and expiry
 *     bytes 2-7   version: the seq of the last mutation, high 16 bits first, then the low 32
 *     bytes 8-11  length of the value (20 bits), LARGE, encoding hint (2 bits), spare, time of last use (8 bits)
 *
 * A large string or a collection lies outside; its record holds the four-byte number of its place.
 */
export const HEAD_BYTES = 12;
export const EXPIRY_BYTES = 12;
export const LONG_KEY = 255;

export const TYPE_MASK = 7;
/** Deleted: hides what the engine still has, and carries the version that replies wait for. */
export const TYPE_TOMBSTONE = 6;
/** A row of a session: see `SessionRow`. Types of values that clients see have other numbers. */
export const TYPE_SESSION = 7;
export const EXPIRES = 1 << 3;
/** Changed since it was last given to the engine. */
export const DIRTY = 1 << 4;
/** The engine has some version of the key. */
export const STORED = 1 << 5;
/** Came from the engine: `SCAN` finds it there. */
export const LOADED = 1 << 6;
/** The expiry heap has an entry for it. */
export const HEAPED = 1 << 7;

export const LENGTH_MASK = 0xfffff;
export const LARGE = 1 << 20;
export const HINT_SHIFT = 21;
export const USED_SHIFT = 24;

/** The longest key; commands refuse to write longer ones. */
export const KEY_BYTES_MAX = 64 * 1024;
/** The longest string kept inside its record. */
export const INLINE_BYTES_MAX = 32 * 1024;
