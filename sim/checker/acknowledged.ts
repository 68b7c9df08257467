import { groupByKey } from "./groupByKey.ts";
import type { Operation } from "./history.ts";

/** What a key held at the end, on one replica, after everything had come to rest. */
export type FinalContents = {
  readonly replica: string;
  readonly key: string;
  readonly contents:
    | { readonly kind: "value"; readonly value: string | null }
    /** In order; elements of a set come in any order. */
    | { readonly kind: "list" | "set"; readonly elements: readonly string[] };
};

/**
 * `lost`: acknowledged, and neither there nor overwritten. `duplicated`: executed twice. `ghost`: there, and nobody wrote
 * it. `refused`: there, although it was refused. `divergent`: two replicas differ. `counter`: a number that no order of
 * the increments explains.
 */
type ProblemCode = "lost" | "duplicated" | "ghost" | "refused" | "divergent" | "counter";

type Problem = {
  readonly code: ProblemCode;
  readonly key: string;
  readonly replica: string;
  readonly detail: string;
};

export type FateReport = {
  readonly problems: readonly Problem[];
  /** Acknowledged writes of the keys that were looked at. */
  readonly acknowledged: number;
  /** What became of the writes without an answer; `open` ones may have been overwritten or have never happened. */
  readonly unknown: { readonly applied: number; readonly absent: number; readonly open: number };
};

/**
 * The simple question after a real run: is every acknowledged write there on every replica, unless a later one replaced
 * it? A key is appended to (`RPUSH` or `SADD` of unique elements), or only incremented, or a register. It knows nothing
 * of reads in between; that is for `checkLinearizable`.
 */
export function checkAcknowledged(history: readonly Operation[], finals: readonly FinalContents[]): FateReport {
  const writes = groupByKey(history.filter((it) => it.kind !== "get"));
  const problems: Problem[] = [];
  let acknowledged = 0;
  const unknown = { applied: 0, absent: 0, open: 0 };
  for (const [key, ofKey] of groupByKey(finals)) {
    const written = writes.get(key) ?? [];
    acknowledged += written.filter(tookEffect).length;
    for (const final of ofKey) problems.push(...problemsOf(final, written));
    problems.push(...differences(ofKey));
    const present = new Set(ofKey.flatMap(textsOf));
    for (const write of written) {
      if (write.outcome === "unknown") unknown[fateOf(write, present)] += 1;
    }
  }
  return { problems, acknowledged, unknown };
}

/** Whether the client was told that something was changed. */
function tookEffect(write: Operation): boolean {
  return write.outcome === "ok" && write.reply !== false;
}

function problemsOf(final: FinalContents, writes: readonly Operation[]): Problem[] {
  const found =
    final.contents.kind !== "value"
      ? complaintsAboutElements(final.contents.elements, writes)
      : writes.length > 0 && writes.every((it) => it.kind === "increment")
        ? complaintsAboutCounter(final.contents.value, writes)
        : complaintsAboutValue(final.contents.value, writes);
  return found.map(([code, detail]) => ({ code, key: final.key, replica: final.replica, detail }));
}

type Complaint = [code: ProblemCode, detail: string];

function complaintsAboutElements(elements: readonly string[], writes: readonly Operation[]): Complaint[] {
  const complaints: Complaint[] = [];
  const present = new Set<string>();
  for (const element of elements) {
    if (present.has(element)) complaints.push(["duplicated", element]);
    present.add(element);
  }
  const known = new Set<string>();
  for (const write of writes) {
    if (write.kind !== "append") continue;
    known.add(write.value);
    const isPresent = present.has(write.value);
    if (write.outcome === "ok" && !isPresent) complaints.push(["lost", nameOf(write, write.value)]);
    if (write.outcome === "refused" && isPresent) complaints.push(["refused", nameOf(write, write.value)]);
  }
  for (const element of present) {
    if (!known.has(element)) complaints.push(["ghost", element]);
  }
  return complaints;
}

function complaintsAboutValue(value: string | null, writes: readonly Operation[]): Complaint[] {
  const producers = writes.filter((it) => leaves(it, value));
  if (value !== null && producers.every((it) => it.outcome === "refused")) {
    return [producers.length > 0 ? ["refused", nameOf(producers[0]!, value)] : ["ghost", value]];
  }
  // Nothing is what was there first: before all writes, unless something was deleted since.
  const newest = producers
    .filter((it) => it.outcome !== "refused")
    .reduce((latest, it) => Math.max(latest, it.returnedMicros ?? Number.POSITIVE_INFINITY), Number.NEGATIVE_INFINITY);
  const lost = writes.filter((it) => tookEffect(it) && it.invokedMicros > newest && !leaves(it, value));
  return lost.map((it) => [
    "lost",
    `${nameOf(it, "value" in it ? it.value : it.kind)}; ${JSON.stringify(value)} is there`,
  ]);
}

/** Whether the write may have left this value. */
function leaves(write: Operation, value: string | null): boolean {
  if (write.outcome === "ok" && write.reply === false) return false;
  switch (write.kind) {
    case "set":
    case "compareAndSet":
      return write.value === value;
    case "delete":
      return value === null;
    case "increment":
      return write.outcome === "ok" ? String(write.reply) === value : value !== null && /^-?\d+$/.test(value);
    default:
      return false;
  }
}

function complaintsAboutCounter(value: string | null, writes: readonly Operation[]): Complaint[] {
  let least = 0;
  let most = 0;
  for (const write of writes) {
    if (write.kind !== "increment" || write.outcome === "refused") continue;
    if (write.outcome === "ok" || write.by < 0) least += write.by;
    if (write.outcome === "ok" || write.by > 0) most += write.by;
  }
  const found = Number(value ?? 0);
  const complaints = complaintsAboutReplies(writes);
  if (found < least) complaints.push(["lost", `${value} is there, at least ${least} was acknowledged`]);
  if (!(found <= most)) complaints.push(["counter", `${value} is there, at most ${most} was asked for`]);
  return complaints;
}

/** The replies of increments that all go up are unique, and grow in the order of time. */
function complaintsAboutReplies(writes: readonly Operation[]): Complaint[] {
  const counted = writes.filter((it) => it.kind === "increment" && it.outcome === "ok");
  if (writes.some((it) => it.kind === "increment" && it.by <= 0)) return [];
  const complaints: Complaint[] = [];
  if (new Set(counted.map((it) => it.reply)).size < counted.length)
    complaints.push(["counter", "one reply came twice"]);
  const byReturn = counted.toSorted((one, other) => one.returnedMicros! - other.returnedMicros!);
  let seen = 0;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const write of counted.toSorted((one, other) => one.invokedMicros - other.invokedMicros)) {
    for (; byReturn[seen]!.returnedMicros! < write.invokedMicros; seen++) {
      greatest = Math.max(greatest, byReturn[seen]!.reply as number);
    }
    if ((write.reply as number) <= greatest) {
      complaints.push(["counter", `${nameOf(write, String(write.reply))} was told after ${greatest}`]);
    }
  }
  return complaints;
}

function differences(finals: readonly FinalContents[]): Problem[] {
  const [first, ...others] = finals;
  if (first === undefined) return [];
  const expected = canonical(first);
  return others
    .filter((it) => canonical(it) !== expected)
    .map(({ key, replica }) => ({ code: "divergent", key, replica, detail: `differs from ${first.replica}` }));
}

function canonical({ contents }: FinalContents): string {
  return JSON.stringify(contents.kind === "set" ? contents.elements.toSorted() : contents);
}

function textsOf({ contents }: FinalContents): readonly string[] {
  if (contents.kind !== "value") return contents.elements;
  return contents.value === null ? [] : [contents.value];
}

function fateOf(write: Operation, present: ReadonlySet<string>): "applied" | "absent" | "open" {
  if ("value" in write && present.has(write.value)) return "applied";
  return write.kind === "append" ? "absent" : "open";
}

function nameOf({ id, process }: Operation, value: string): string {
  return `${JSON.stringify(value)} (#${id} of ${process})`;
}
