import type { Operation } from "../../checker/history.ts";
import { checkLinearizable } from "../../checker/linearizability.ts";
import { Violation } from "../../violation.ts";
import type { ToyOperation } from "../ghost.ts";
import type { GroupWorld } from "../groupWorld.ts";
import type { Invariant } from "./invariants.ts";

/** Worlds whose histories are judged by the checker, too, which does not know the order of the writes. */
const CHECKED_EVERY = 8;

interface Placed extends ToyOperation {
  /** The place of the write that it is or has shown. */
  readonly place: number;
}

/** Each key is a register: what a read shows was the newest at some moment between its call and its answer. */
export function linearizable(world: GroupWorld): Invariant {
  return {
    ended() {
      const { operations } = world.clients;
      for (let key = 0; key < world.plan.keys; key++) {
        checkKey(
          operations.filter((each) => each.key === key),
          world.ghost.placeOf,
        );
      }
      if (world.hash.toString().charCodeAt(7) % CHECKED_EVERY === 0) checkHistory(operations);
    },
  };
}

function checkKey(operations: readonly ToyOperation[], placeOf: ReadonlyMap<number, number>): void {
  const placed: Placed[] = [];
  for (const each of operations) {
    const place = placeOf.get(each.isWrite ? each.id : each.shown);
    if (each.isWrite ? place === undefined : each.outcome !== "ok") continue;
    if (place === undefined && each.shown !== 0) {
      throw new Violation(
        "linearizable",
        `read ${each.id} at ${each.node} shows ${each.shown}, which is not committed`,
      );
    }
    placed.push({ ...each, place: place ?? 0 });
  }
  const byEnd = placed.filter((each) => each.ended !== Number.POSITIVE_INFINITY).sort((a, b) => a.ended - b.ended);
  let ended = 0;
  let newest: Placed | undefined;
  for (const each of [...placed].sort((a, b) => a.began - b.began)) {
    for (; ended < byEnd.length && byEnd[ended]!.ended < each.began; ended++) {
      if (newest === undefined || byEnd[ended]!.place > newest.place) newest = byEnd[ended]!;
    }
    if (newest === undefined || newest.place < each.place || (newest.place === each.place && !each.isWrite)) continue;
    throw new Violation("linearizable", `${name(each)} after ${name(newest)}`);
  }
}

function name({ id, isWrite, place, node }: Placed): string {
  return `${isWrite ? "write" : "read"} ${id} (place ${place}, ${node})`;
}

function checkHistory(operations: readonly ToyOperation[]): void {
  const verdict = checkLinearizable(operations.map(asOperation));
  if (verdict.code === "violation") throw new Violation("linearizable", `${verdict.key}: ${verdict.reason}`);
}

function asOperation(each: ToyOperation): Operation {
  const isOver = each.ended !== Number.POSITIVE_INFINITY;
  const base = {
    id: each.id,
    process: String(each.id),
    key: String(each.key),
    invokedMicros: each.began,
    returnedMicros: isOver ? each.ended : null,
    outcome: isOver ? "ok" : "unknown",
    servedBy: each.node,
    consistency: "linearizable",
  } as const;
  if (each.isWrite) return { ...base, kind: "set", value: String(each.id), reply: null };
  return { ...base, kind: "get", reply: each.shown === 0 ? null : String(each.shown) };
}
