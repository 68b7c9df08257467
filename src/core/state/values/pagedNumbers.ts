const PAGE_BITS = 10;
const PAGE = 1 << PAGE_BITS;
const MASK = PAGE - 1;
const FIRST_PAGE_MIN = 128;

/**
 * A long array of numbers that grows page by page, as `PagedArray` does. Apart from it because V8 would box each number
 * in an array that comes from the same line of code as arrays of strings.
 */
export class PagedNumbers {
  private readonly pages: Float64Array[] = [new Float64Array(FIRST_PAGE_MIN)];
  length = 0;

  /** The number at `index`, which must be in range. */
  get(index: number): number {
    return this.pages[index >>> PAGE_BITS]![index & MASK]!;
  }

  set(index: number, value: number): void {
    this.pages[index >>> PAGE_BITS]![index & MASK] = value;
  }

  push(value: number): void {
    const index = this.length++;
    const page = index >>> PAGE_BITS;
    if (page === this.pages.length) this.pages.push(new Float64Array(PAGE));
    else if (page === 0 && index === this.pages[0]!.length) {
      const larger = new Float64Array(index * 2);
      larger.set(this.pages[0]!);
      this.pages[0] = larger;
    }
    this.pages[page]![index & MASK] = value;
  }

  /** Moves the last number to `index` and shortens the array by one. */
  swapRemove(index: number): void {
    const last = --this.length;
    this.set(index, this.get(last));
    // A page is kept until the one before it is half empty, so that one number to and fro costs no page each time.
    const needed = ((last + PAGE / 2) >>> PAGE_BITS) + 1;
    while (this.pages.length > needed) this.pages.pop();
  }
}
