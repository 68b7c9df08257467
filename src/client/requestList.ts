import type { Request } from "./request.ts";

/** Requests in the order in which they came, of which any may go. Those that are gone hold on to nothing of the list. */
export class RequestList {
  oldest: Request | undefined;
  #newest: Request | undefined;
  size = 0;

  /** A request is in one list at a time. */
  add(request: Request): void {
    request.older = this.#newest;
    if (this.#newest === undefined) this.oldest = request;
    else this.#newest.newer = request;
    this.#newest = request;
    this.size++;
  }

  /** Nothing, unless it is in this list. */
  remove(request: Request): void {
    const { older, newer } = request;
    if (older === undefined && this.oldest !== request) return;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    request.older = undefined;
    request.newer = undefined;
    this.size--;
  }
}
