/** Lets those who want the same come one after the other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(what: () => Promise<T>): Promise<T> {
    const result = this.#last.then(what);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
