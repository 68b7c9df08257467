/** What `run` of node:test tells; only what is looked at here. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly message?: string;
    readonly nesting?: number;
    readonly file?: string;
    readonly todo?: string | boolean;
  };
}

const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** Adds up the closing lines (`tests 12`, `pass 12`, …) of several runs, so that the last lines speak of all of them. */
export class SummaryLines {
  readonly #sums = new Map<string, number>();

  /** Whether the event is a closing line; then its number was added. */
  takes(event: TestEvent): boolean {
    if (event.type === "test:summary") return true;
    if (event.type !== "test:diagnostic" || event.data.nesting !== 0) return false;
    const match = SUMMARY.exec(event.data.message ?? "");
    if (match === null) return false;
    this.#sums.set(match[1]!, (this.#sums.get(match[1]!) ?? 0) + Number(match[2]));
    return true;
  }

  *events(): Generator<TestEvent> {
    for (const [name, sum] of this.#sums)
      yield { type: "test:diagnostic", data: { nesting: 0, message: `${name} ${sum}` } };
  }
}
