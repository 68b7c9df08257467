import { VALUE_LIST } from "../../state/values/collection.ts";
import type { ListValue } from "../../state/values/listValue.ts";
import { block, type Call } from "../call.ts";
import { hasRoom } from "../errors.ts";
import { readList } from "../lookup.ts";
import { argTimeout } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { argLeft, elementAtEnd } from "./ends.ts";
import { keyAt } from "./keySpecs.ts";

/** Takes an element at one end of the list at argument 1 and puts it at one end of the list at argument 2. */
interface Move {
  readonly fromLeft: boolean;
  readonly toLeft: boolean;
}

const RIGHT_TO_LEFT: Move = { fromLeft: false, toLeft: true };

export const lmove: CommandSpec = {
  name: "lmove",
  arity: 5,
  flags: ["write", "denyoom"],
  group: "list",
  since: "6.2.0",
  summary: "Pop an element from a list, push it to another list and return it",
  syntax: "source#0 destination#1 wherefrom(LEFT|RIGHT) whereto(LEFT|RIGHT)",
  complexity: "O(1)",
  keys: [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")],
  evaluate(call: Call): void {
    const move = argMove(call);
    if (move !== undefined) moveNow(call, move);
  },
};

export const rpoplpush: CommandSpec = {
  name: "rpoplpush",
  arity: 3,
  flags: ["write", "denyoom"],
  group: "list",
  since: "1.2.0",
  summary: "Remove the last element in a list, prepend it to another list and return it",
  syntax: "source#0 destination#1",
  complexity: "O(1)",
  keys: [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")],
  deprecated: { since: "6.2.0", replacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments" },
  evaluate: (call) => moveNow(call, RIGHT_TO_LEFT),
};

export const blmove: CommandSpec = {
  name: "blmove",
  arity: 6,
  flags: ["write", "denyoom", "noscript", "blocking"],
  group: "list",
  since: "6.2.0",
  summary: "Pop an element from a list, push it to another list and return it; or block until one is available",
  syntax: "source#0 destination#1 wherefrom(LEFT|RIGHT) whereto(LEFT|RIGHT) timeout<double>",
  complexity: "O(1)",
  keys: [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")],
  evaluate(call: Call): void {
    const move = argMove(call);
    if (move !== undefined) moveOrBlock(call, move, 5);
  },
};

export const brpoplpush: CommandSpec = {
  name: "brpoplpush",
  arity: 4,
  flags: ["write", "denyoom", "noscript", "blocking"],
  group: "list",
  since: "2.2.0",
  summary: "Pop an element from a list, push it to another list and return it; or block until one is available",
  syntax: "source#0 destination#1 timeout<double>",
  complexity: "O(1)",
  keys: [keyAt(1, "RW", "access", "delete"), keyAt(2, "RW", "insert")],
  history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
  deprecated: { since: "6.2.0", replacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments" },
  evaluate: (call) => moveOrBlock(call, RIGHT_TO_LEFT, 3),
};

function argMove(call: Call): Move | undefined {
  const fromLeft = argLeft(call, 3);
  if (fromLeft === undefined) return undefined;
  const toLeft = argLeft(call, 4);
  return toLeft === undefined ? undefined : { fromLeft, toLeft };
}

function moveNow(call: Call, move: Move): void {
  const source = readList(call, call.args.text(1));
  if (source === null) return;
  if (source === undefined) call.reply.null();
  else moveElement(call, source, move);
}

function moveOrBlock(call: Call, move: Move, timeoutAt: number): void {
  const timeoutMillis = argTimeout(call, timeoutAt);
  if (timeoutMillis === undefined) return;
  const key = call.args.text(1);
  const source = readList(call, key);
  if (source === null) return;
  if (source !== undefined) return moveElement(call, source, move);
  // Where it may not wait, Redis answers another null than when the time is over.
  if (call.inTransaction || call.session.denyBlocking) call.reply.null();
  else block(call, { keys: [key], valueType: VALUE_LIST, timeoutMillis, onTimeout: (reply) => reply.nullArray() });
}

function moveElement(call: Call, source: ListValue, { fromLeft, toLeft }: Move): void {
  const { args, mutate } = call;
  const sourceKey = args.text(1);
  const targetKey = args.text(2);
  if (readList(call, targetKey) === null) return;
  const element = elementAtEnd(source, fromLeft);
  const staysThere = sourceKey === targetKey && (fromLeft === toLeft || source.length === 1);
  if (!staysThere) {
    if (!hasRoom(call, targetKey.length + sourceKey.length + element.length, 3)) return;
    mutate.listPush(targetKey, toLeft, [element]);
    mutate.listPop(sourceKey, fromLeft, 1);
  }
  call.reply.bulk(element);
}
