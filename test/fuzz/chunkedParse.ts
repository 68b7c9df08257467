import { Args } from "../../src/core/command/args.ts";
import {
  INCOMPLETE,
  PROTOCOL_ERROR,
  REQUEST,
  type RequestLimits,
  RequestParser,
} from "../../src/gateway/resp/requestParser.ts";
import { installNativeLatin1 } from "../../src/platform/nativeLatin1.ts";
import type { ParsedStream } from "./referenceParser.ts";

installNativeLatin1();

/** One connection's parser, used as the gateway uses it. */
export class ChunkedParse implements ParsedStream {
  readonly requests: string[][] = [];
  error: string | undefined;
  readonly parser: RequestParser;
  readonly args = new Args();

  constructor(limits: RequestLimits) {
    this.parser = new RequestParser(limits);
  }

  /** A turn: a chunk arrives, and at most `requestsMax` requests are executed before the others have their turn. */
  feed(chunk: Uint8Array, requestsMax = Number.POSITIVE_INFINITY): void {
    if (this.error !== undefined) return;
    this.parser.feed(chunk);
    this.continue(requestsMax);
  }

  /** A turn without a chunk. */
  continue(requestsMax = Number.POSITIVE_INFINITY): void {
    const { parser, args } = this;
    for (let executed = 0; executed < requestsMax && this.error === undefined; executed++) {
      const outcome = parser.next(args);
      if (outcome === INCOMPLETE) break;
      if (outcome === PROTOCOL_ERROR) this.error = parser.error;
      else if (outcome === REQUEST) this.requests.push(args.texts(0));
    }
    parser.settle(args);
  }
}

/** What comes of a stream cut at the given places. Every chunk is overwritten as soon as its turn is over. */
export function parseChunks(stream: Uint8Array, cuts: readonly number[], limits: RequestLimits): ChunkedParse {
  const parse = new ChunkedParse(limits);
  let from = 0;
  for (const to of [...cuts, stream.length]) {
    const chunk = Uint8Array.from(stream.subarray(from, to));
    parse.feed(chunk);
    chunk.fill(0x58);
    from = to;
  }
  return parse;
}
