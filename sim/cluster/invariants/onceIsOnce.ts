import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";
import { type Change, type Outcome, outcomesIn } from "../once/kvMessages.ts";
import type { OnceWrite } from "../once/onceWrites.ts";

/** One that was asked to happen once, and what came of it; nothing if nobody knows. */
interface Done {
  readonly write: OnceWrite;
  readonly change: Exclude<Change, { readonly kind: "batch" }>;
  readonly outcome: Outcome | undefined;
}

/**
 * What was asked to happen once has happened once if it was answered, and at most once if nobody knows:
 * - A counter is the number of its increments, and no two of them have made it the same.
 * - Every value that was put into a register was taken out of it by exactly one that followed, or is there.
 * - What only one could have belongs to the one that was told so.
 */
export function checkOnce(world: ClusterWorld): void {
  const fail = (message: string): void => world.fail(new Violation("a write happens once", message));
  const byKey = new Map<string, Done[]>();
  for (const write of world.onceWrites.all) {
    if (write.answer === undefined && !write.isGivenUp) fail(`${write.name} was never answered`);
    for (const done of partsOf(write)) {
      const known = byKey.get(done.change.key);
      if (known === undefined) byKey.set(done.change.key, [done]);
      else known.push(done);
    }
  }
  for (const [key, all] of byKey) {
    const left = world.onceWrites.left.get(key);
    if (left === undefined) continue;
    world.count("once: writes checked", all.length);
    if (all[0]!.change.kind === "increment") checkCounter(key, all, Number(left ?? 0), fail);
    else checkRegister(key, all, left, fail);
  }
}

function partsOf(write: OnceWrite): readonly Done[] {
  const { change, answer } = write;
  if (answer !== undefined)
    return outcomesIn(change, answer.body).map((each) => ({ write, change: each.change, outcome: each }));
  const changes = change.kind === "batch" ? change.changes : [change];
  return changes.map((each) => ({ write, change: each as Done["change"], outcome: undefined }));
}

type Fail = (message: string) => void;

function checkCounter(key: string, all: readonly Done[], left: number, fail: Fail): void {
  const bySum = new Map<number, Done>();
  for (const done of all) {
    if (done.outcome === undefined) continue;
    const { sum } = done.outcome;
    const other = bySum.get(sum);
    if (other !== undefined) fail(`${other.write.name} and ${done.write.name} both made ${key} ${sum}`);
    if (sum < 1 || sum > left) fail(`${done.write.name} made ${key} ${sum}, and in the end it was ${left}`);
    bySum.set(sum, done);
  }
  if (left < bySum.size || left > all.length) {
    fail(`${key} is ${left} after ${bySum.size} increments, and ${all.length - bySum.size} that nobody knows of`);
  }
}

/** Of a register into which values are put whatever it holds, or of one that somebody claims. */
function checkRegister(key: string, all: readonly Done[], left: string | null, fail: Fail): void {
  const put = new Map(all.map((done) => [valueIn(done), done]));
  const taken = new Map<string | undefined, Done>();
  if (left !== null && !put.has(left)) fail(`${key} is ${left}, which nobody has put there`);
  for (const done of all) {
    if (done.outcome?.isApplied !== true) continue;
    const { previous } = done.outcome;
    const other = taken.get(previous);
    if (other !== undefined) {
      fail(`${other.write.name} and ${done.write.name} both have replaced ${previous ?? "nothing"} in ${key}`);
    }
    if (previous !== undefined && !put.has(previous)) fail(`${done.write.name} found ${previous} in ${key}`);
    if (previous !== undefined && previous === left)
      fail(`${done.write.name} replaced ${previous} in ${key}, which is there`);
    taken.set(previous, done);
  }
  const unknown = all.filter(({ outcome }) => outcome === undefined).length;
  const missing = all.filter(
    (done) => done.outcome?.isApplied === true && left !== valueIn(done) && !taken.has(valueIn(done)),
  );
  if (missing.length > unknown)
    fail(`${missing[0]!.write.name} has put ${valueIn(missing[0]!)} into ${key}, and nobody replaced it`);
  const refused = put.get(left ?? "");
  if (refused?.outcome?.isApplied === false)
    fail(`${refused.write.name} was told that ${key} was not set, and it is ${left}`);
}

function valueIn({ change }: Done): string {
  return change.kind === "increment" ? "" : change.value;
}
