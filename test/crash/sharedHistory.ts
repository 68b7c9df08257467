/** The oracle for one counter that several connections increment by one. */
export class SharedCounter {
  readonly key: string;
  /** Increments known to have happened. */
  #certain = 0;
  #inFlight = 0;
  #unknown = 0;
  #highest = 0;
  readonly #replies = new Set<number>();

  constructor(key: string) {
    this.key = key;
  }

  send(): void {
    this.#inFlight += 1;
  }

  /** An increment was answered; every answer must be a number that nobody else got. */
  acknowledge(reply: number): string | undefined {
    this.#inFlight -= 1;
    this.#certain += 1;
    this.#highest = Math.max(this.#highest, reply);
    if (!this.#replies.has(reply)) {
      this.#replies.add(reply);
      return undefined;
    }
    return `${this.key}: two increments were both answered ${reply}`;
  }

  refuse(): void {
    this.#inFlight -= 1;
  }

  /** The connection ended before the reply. */
  lose(): void {
    this.#inFlight -= 1;
    this.#unknown += 1;
  }

  /** Compares with the value after a crash: acknowledged ≤ value ≤ acknowledged + unknown. */
  settle(value: number): string | undefined {
    const most = this.#certain + this.#unknown;
    if (value < this.#certain || value > most || value < this.#highest) {
      return `${this.key}: ${value} is not between ${this.#certain} acknowledged and ${most} sent (highest answer ${this.#highest})`;
    }
    this.#certain = value;
    this.#unknown = 0;
    return undefined;
  }
}

/** The oracle for one list to which several connections append unique elements, each element named `<writer>-<number>`. */
export class SharedList {
  readonly key: string;
  /** Elements known to be there, by position; grows at every `settle`. */
  #certain: readonly string[] = [];
  /** Acknowledged since: the element and the length that its reply told. */
  readonly #acknowledged = new Map<string, number>();
  readonly #unknown = new Set<string>();

  constructor(key: string) {
    this.key = key;
  }

  get length(): number {
    return this.#certain.length;
  }

  acknowledge(element: string, lengthAfter: number): void {
    this.#acknowledged.set(element, lengthAfter);
  }

  /** The connection ended before the reply. */
  lose(element: string): void {
    this.#unknown.add(element);
  }

  /** Compares with the list after a crash: the old elements, then each acknowledged one at its place, unknown ones between. */
  settle(elements: readonly string[]): string | undefined {
    const complaint = this.#check(elements);
    if (complaint !== undefined) return `${this.key}: ${complaint}`;
    this.#certain = elements;
    this.#acknowledged.clear();
    this.#unknown.clear();
    return undefined;
  }

  #check(elements: readonly string[]): string | undefined {
    const moved = this.#certain.findIndex((element, at) => elements[at] !== element);
    if (moved >= 0) return `position ${moved} held ${this.#certain[moved]}, now ${elements[moved] ?? "nothing"}`;
    for (const [element, length] of this.#acknowledged) {
      if (elements[length - 1] !== element) {
        return `${element} was acknowledged at position ${length - 1}, where ${elements[length - 1] ?? "nothing"} is`;
      }
    }
    const seen = new Set(this.#certain);
    const lastOfWriter = new Map<string, number>();
    for (const element of elements.slice(this.#certain.length)) {
      if (seen.has(element)) return `${element} is there twice`;
      seen.add(element);
      if (!this.#acknowledged.has(element) && !this.#unknown.has(element)) return `${element} was never sent`;
      const [writer, number] = element.split("-") as [string, string];
      if (Number(number) < (lastOfWriter.get(writer) ?? 0)) return `${element} stands behind a later one of its writer`;
      lastOfWriter.set(writer, Number(number));
    }
    return undefined;
  }
}
