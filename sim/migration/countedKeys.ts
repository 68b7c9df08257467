import { keySlot } from "../../src/base/crc16.ts";

/** What clients know of a counter that only one of them increments. */
export interface Counted {
  readonly key: string;
  readonly slot: number;
  /** The highest answer that anybody was given. */
  known: number;
  /** No more than this can be there: increments that were sent. */
  possible: number;
  isBusy: boolean;
}

/**
 * Counters, each with one writer at a time: so a lost increment shows with the next one, an old read at once, and a value that nobody made,
 * too.
 */
export class CountedKeys {
  readonly all: readonly Counted[];

  constructor(count: number) {
    this.all = Array.from({ length: count }, (_, at) => {
      const key = `counter:${at}`;
      return { key, slot: keySlot(key), known: 0, possible: 0, isBusy: false };
    });
  }
}

/** What is wrong with an answer; `least` was known when it was asked for. */
export function wrongCount(counted: Counted, answer: number, least: number): string | undefined {
  if (answer < least)
    return `${counted.key} is ${answer}, and had been ${least}: something acknowledged is lost, or an old value read`;
  if (answer > counted.possible)
    return `${counted.key} is ${answer}, and only ${counted.possible} increments were sent`;
  return undefined;
}
