/** Who waits for an entry of this primary's to be committed. */
export class CommitWaits {
  readonly #waiting: { readonly seq: number; readonly resolve: (isCommitted: boolean) => void }[] = [];

  /** True when everything up to `seq` is committed; false when this replica is the primary no more, and nobody here knows. */
  wait(seq: number, commitPoint: number): Promise<boolean> {
    if (seq <= commitPoint) return Promise.resolve(true);
    return new Promise((resolve) => this.#waiting.push({ seq, resolve }));
  }

  committed(upTo: number): void {
    if (this.#waiting.length === 0) return;
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      if (this.#waiting[at]!.seq > upTo) continue;
      this.#waiting.splice(at, 1)[0]!.resolve(true);
    }
  }

  /** Another decides from now on, or nobody here. */
  lost(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(false);
  }
}
