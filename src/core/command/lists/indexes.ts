/** An index as clients give it, where -1 is the last element, counted from the front; may be outside of the list. */
export function fromFront(index: number, length: number): number {
  return index < 0 ? index + length : index;
}

/** Elements from `start` to before `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The part of a list from index `first` to index `last` inclusive, as clients give them. */
export function clampRange(first: number, last: number, length: number): Range {
  const start = Math.max(0, fromFront(first, length));
  const end = Math.min(length, fromFront(last, length) + 1);
  return start < end ? { start, end } : { start: 0, end: 0 };
}
