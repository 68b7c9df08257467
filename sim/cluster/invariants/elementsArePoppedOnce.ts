import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";

const NAME = "elements are popped once";

/** Each element that was pushed is popped once, or still there. */
export function checkElements(world: ClusterWorld): void {
  const { pushed, popped, left, lostPops, lists, mayBeGone } = world.elements;
  const fail = (message: string): void => world.fail(new Violation(NAME, message));
  for (const [value, times] of popped) {
    if (times > 1) fail(`${value} was popped ${times} times`);
    if (pushed.get(value) === undefined || pushed.get(value) === "refused") fail(`${value} was never pushed`);
  }
  if (left.size < lists.length) return;
  const rest = new Set([...left.values()].flat());
  for (const value of rest) if (popped.has(value)) fail(`${value} was popped, and is there`);
  const missing = [...pushed].filter(([value, how]) => how === "done" && !popped.has(value) && !rest.has(value));
  if (missing.length > lostPops && !mayBeGone) fail(`${missing[0]![0]} was pushed, and nobody popped it`);
}
