import { encodeLatin1 } from "../../src/base/latin1.ts";
import { Args } from "../../src/core/command/args.ts";

/** The words of requests as the parser hands them over: in the same bytes again and again. */
export class RequestArgs {
  readonly #args = new Args();
  #bytes = new Uint8Array(256);

  /** Good until the next call. */
  of(words: readonly string[]): Args {
    const args = this.#args;
    const length = words.reduce((sum, word) => sum + word.length, 0);
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
    this.#bytes.fill(0xee);
    args.clear(this.#bytes);
    let at = 0;
    for (const word of words) {
      encodeLatin1(word, this.#bytes, at);
      args.add(at, at + word.length);
      at += word.length;
    }
    return args;
  }
}
