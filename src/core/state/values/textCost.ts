/** What a string takes in V8 besides its chars: a header of 16 bytes and, on average, 4 of padding. */
export const TEXT_BYTES = 20;

/** A reference to an element in an array. */
export const REFERENCE_BYTES = 8;

/** A small collection: its object and an array with its header. Measured on Node 20. */
export const SMALL_VALUE_BYTES = 128;

/** What an array takes besides its elements, where a small collection has a second one. */
export const SECOND_ARRAY_BYTES = 48;

/** A large collection's table, tree and first pages, before there is anything in them. */
export const LARGE_VALUE_BYTES = 1024;
