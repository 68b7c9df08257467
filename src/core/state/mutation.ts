/**
 * The kinds of mutations: facts about one key each, the content of log entries. What is evaluated once, on the primary, is
 * from then on only applied. A kind's number and layout stand in logs for ever; new kinds get new numbers.
 *
 * Layout: kind (1 byte), key (length as a varint, bytes), then by kind, with `text` for a length and bytes, `n` for a varint:
 */
export const MUTATION_DELETE = 1; // —
export const MUTATION_SET_STRING = 2; // expireAt u48, encoding hint u8, text
export const MUTATION_APPEND = 3; // text
export const MUTATION_SET_RANGE = 4; // offset n, text
export const MUTATION_EXPIRE = 5; // expireAt u48, 0: persist
export const MUTATION_PUT = 6; // type u8, expireAt u48, the collection encoded whole
export const MUTATION_HASH_SET = 7; // count n, (field text, value text)…
export const MUTATION_HASH_DELETE = 8; // count n, field text…
export const MUTATION_LIST_PUSH = 9; // left u8, count n, text…
export const MUTATION_LIST_POP = 10; // left u8, count n
export const MUTATION_LIST_SET = 11; // index n, text
export const MUTATION_LIST_INSERT = 12; // index n, text
export const MUTATION_LIST_REMOVE = 13; // count n, index n… ascending
export const MUTATION_LIST_TRIM = 14; // start n, end n
export const MUTATION_SET_ADD = 15; // count n, member text…
export const MUTATION_SET_REMOVE = 16; // count n, member text…
export const MUTATION_ZSET_ADD = 17; // count n, (score f64, member text)…
export const MUTATION_ZSET_REMOVE = 18; // count n, member text…
/** Has no key (an empty one stands in its place): every key is gone. */
export const MUTATION_CLEAR = 19; // —
/** Has no key either: the group may do something else with some slots. At most one an entry. */
export const MUTATION_SLOTS = 20; // text: a `SlotChange`
/** The key is that of a session's row (`writeSessionKey`). Adds answers to it; what is remembered already, or no more, is passed over. */
export const MUTATION_SESSION = 21; // expireAt u48, first open number n, count n, (number n, kind u8, body text)… numbers ascending
