import type { Output } from "../client.ts";
import { isError, textOf } from "./upstream.ts";

const ABORTED = "EXECABORT Transaction discarded because of: ";
const RETRIED = ["MOVED ", "TRYAGAIN ", "CLUSTERDOWN ", "LOADING ", "UNBLOCKED force "];

/**
 * Why another node did not execute what it was sent, if it may be tried again: the text of an error that promises it. `first` is the
 * first error among the replies to the parts of a transaction.
 */
export function refusalOf(reply: Output, first: string | undefined): string | undefined {
  if (!isError(reply)) return undefined;
  const text = (first ?? textOf(reply)).slice(1).trimEnd();
  const reason = text.startsWith(ABORTED) ? text.slice(ABORTED.length) : text;
  return RETRIED.some((code) => reason.startsWith(code)) ? reason : undefined;
}

/** Where a refusal says to ask. */
export function movedTo(refusal: string): { readonly slot: number; readonly address: string } | undefined {
  const match = /^MOVED (\d+) (\S+)$/.exec(refusal);
  return match === null ? undefined : { slot: Number(match[1]), address: match[2]! };
}
