const PAGE_BITS = 10;
const PAGE = 1 << PAGE_BITS;
const MASK = PAGE - 1;

/**
 * A long array that grows page by page: growing a plain array copies all of it, which at millions of elements stops the
 * thread for milliseconds. The first page grows as needed, so that a short one is small.
 */
export class PagedArray<T> {
  private readonly pages: T[][] = [];
  /** Put into freed places, so that they hold on to nothing. */
  private readonly blank: T;
  length = 0;

  constructor(blank: T) {
    this.blank = blank;
  }

  /** The element at `index`, which must be in range. */
  get(index: number): T {
    return this.pages[index >>> PAGE_BITS]![index & MASK]!;
  }

  set(index: number, value: T): void {
    this.pages[index >>> PAGE_BITS]![index & MASK] = value;
  }

  push(value: T): void {
    const index = this.length++;
    if ((index & MASK) === 0 && index >>> PAGE_BITS === this.pages.length) {
      this.pages.push(index === 0 ? [] : new Array<T>(PAGE));
    }
    this.pages[index >>> PAGE_BITS]![index & MASK] = value;
  }

  /** Moves the last element to `index` and shortens the array by one. */
  swapRemove(index: number): void {
    const last = --this.length;
    this.set(index, this.get(last));
    this.set(last, this.blank);
    // A page is kept until the one before it is half empty, so that one element to and fro costs no page each time.
    const needed = ((last + PAGE / 2) >>> PAGE_BITS) + 1;
    while (this.pages.length > needed) this.pages.pop();
  }
}
