import type { Violation } from "../violation.ts";
import { Ghost } from "./ghost.ts";
import type { Machine } from "./machine.ts";

/** The machines of one group, and what nobody knows of its log. */
export interface Group {
  readonly id: string;
  readonly machines: readonly Machine[];
  readonly ghost: Ghost;
}

/** Gives each group its machines, one group after the other. */
export function groupsOf(
  machines: readonly Machine[],
  replicas: readonly number[],
  fail: (violation: Violation) => void,
): readonly Group[] {
  let at = 0;
  return replicas.map((count, i) => {
    at += count;
    return { id: `g${i + 1}`, machines: machines.slice(at - count, at), ghost: new Ghost(fail) };
  });
}
