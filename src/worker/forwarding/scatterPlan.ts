import { keySlot } from "../../base/crc16.ts";
import type { Args } from "../../core/command/args.ts";
import { nextScanCursor, readScanCursor } from "./scanCursor.ts";
import { arrayOf, bulkOf, bulkText, splitArray } from "./splitReply.ts";

/** A request to the owner of a slot, or to a group by its place in the order of all. */
export interface ScatterPart {
  readonly target: { readonly slot: number } | { readonly group: number };
  readonly words: readonly string[];
}

/** How a command is split, and how its replies, none of which is an error, become one; undefined when they make no sense. */
export interface ScatterPlan {
  readonly parts: readonly ScatterPart[];
  merge(replies: readonly string[]): string | undefined;
  /** A reply that is enough: parts are asked one after the other, and the last one's counts whatever it is. */
  isEnough?(reply: string): boolean;
}

/** On keys of several slots: how many words belong to a key. */
const BY_KEY: { readonly [name: string]: number } = { mget: 1, mset: 2, del: 1, unlink: 1, exists: 1, touch: 1 };
const OF_ALL: ReadonlySet<string> = new Set(["dbsize", "scan", "keys", "flushall", "flushdb", "randomkey"]);

export function isSplitByKey(name: string): boolean {
  return name in BY_KEY;
}

export function concernsAllGroups(name: string): boolean {
  return OF_ALL.has(name);
}

/** `groups` is how many there are, `first` the one at which `RANDOMKEY` begins. Undefined when the command is not split. */
export function planScatter(name: string, args: Args, groups: number, first: number): ScatterPlan | undefined {
  if (isSplitByKey(name)) return byKey(name, args, BY_KEY[name]!);
  if (name === "scan") return planScan(args, groups);
  const parts = Array.from({ length: groups }, (_, at) => ({
    target: { group: (first + at) % groups },
    words: args.texts(0),
  }));
  switch (name) {
    case "dbsize":
      return { parts, merge: sum };
    case "keys":
      return { parts, merge: concatenate };
    case "randomkey":
      return {
        parts,
        merge: (replies) => replies.at(-1),
        isEnough: (reply) => reply !== "$-1\r\n" && reply !== "_\r\n",
      };
    default:
      return { parts, merge: allOk };
  }
}

function byKey(name: string, args: Args, wordsPerKey: number): ScatterPlan | undefined {
  if ((args.length - 1) % wordsPerKey !== 0) return undefined;
  const positions = new Map<number, number[]>();
  for (let at = 1; at < args.length; at += wordsPerKey) {
    const slot = keySlot(args.text(at));
    const known = positions.get(slot);
    if (known === undefined) positions.set(slot, [at]);
    else known.push(at);
  }
  const parts = [...positions].map(([slot, places]) => ({
    target: { slot },
    words: [args.text(0), ...places.flatMap((at) => args.texts(at, at + wordsPerKey))],
  }));
  const merge = name === "mget" ? inOrder([...positions.values()], args.length - 1) : name === "mset" ? allOk : sum;
  return { parts, merge };
}

/** Puts the elements of each reply where their keys were. */
function inOrder(positions: readonly (readonly number[])[], count: number): ScatterPlan["merge"] {
  return (replies) => {
    const elements = new Array<string>(count).fill("");
    for (const [part, reply] of replies.entries()) {
      const split = splitArray(reply);
      if (split?.length !== positions[part]!.length) return undefined;
      for (const [index, at] of positions[part]!.entries()) elements[at - 1] = split[index]!;
    }
    return arrayOf(elements);
  };
}

function planScan(args: Args, groups: number): ScatterPlan | undefined {
  const place = readScanCursor(args.text(1));
  // What is no cursor is refused by whoever is asked; behind the last group, which has gone since, there is nothing.
  const group = Math.min(place?.group ?? 0, groups - 1);
  const words = [args.text(0), place?.cursor ?? args.text(1), ...args.texts(2)];
  return {
    parts: [{ target: { group }, words }],
    merge: ([reply]) => {
      const [cursor, elements] = splitArray(reply!) ?? [];
      if (cursor === undefined || elements === undefined) return undefined;
      return arrayOf([bulkOf(nextScanCursor(group, bulkText(cursor), groups)), elements]);
    },
  };
}

function sum(replies: readonly string[]): string | undefined {
  let total = 0;
  for (const reply of replies) {
    if (reply[0] !== ":") return undefined;
    total += Number(reply.slice(1));
  }
  return `:${total}\r\n`;
}

function concatenate(replies: readonly string[]): string | undefined {
  const all: string[] = [];
  for (const reply of replies) {
    const elements = splitArray(reply);
    if (elements === undefined) return undefined;
    for (const element of elements) all.push(element);
  }
  return arrayOf(all);
}

function allOk(replies: readonly string[]): string | undefined {
  return replies.find((reply) => reply !== "+OK\r\n") ?? "+OK\r\n";
}
