import { ByteWriter } from "../base/byteWriter.ts";
import type { Args } from "../core/command/args.ts";
import { requestArgs, writeWords } from "./forwarding/requestText.ts";

/** Of these the timeout is the first argument; of all others that wait for keys it is the last. */
const TIMEOUT_FIRST: ReadonlySet<string> = new Set(["blmpop", "bzmpop"]);
/** Such a number of seconds is for ever, and would not be written as digits. */
const SECONDS_MAX = 1e9;

/**
 * A request that waits for keys as it is to be executed anew after `passedMillis` of its time: the client waits no longer in all than
 * it said. What waits for ever still does.
 */
export function withTimeLeft(args: Args, passedMillis: number): Args {
  const at = TIMEOUT_FIRST.has(args.text(0).toLowerCase()) ? 1 : args.length - 1;
  const seconds = Number(args.text(at));
  if (!(seconds > 0 && seconds < SECONDS_MAX)) return args;
  // 0 would be for ever.
  const left = Math.max(0.001, seconds - passedMillis / 1000).toFixed(3);
  const words = Array.from({ length: args.length }, (_, i) => (i === at ? left : args.text(i)));
  const out = new ByteWriter(64);
  writeWords(out, ...words);
  return requestArgs(out.slice());
}
