import { invariant } from "../../src/base/invariant.ts";
import type { Anomaly, Transaction } from "./transaction.ts";

/** Who appended a value; only the last append of a transaction to a key may be the end of what others read. */
type Writer = { readonly transaction: Transaction; isFinal: boolean };

/** A read without the reader's own appends: what the transaction found when it began. */
type ExternalRead = { readonly reader: Transaction; readonly key: string; readonly elements: readonly string[] };

export type VersionOrders = {
  /** By key, then by value. */
  readonly writers: ReadonlyMap<string, ReadonlyMap<string, Writer>>;
  /** By key: the longest list that anybody read. All others are its beginnings. */
  readonly orders: ReadonlyMap<string, readonly string[]>;
  readonly reads: readonly ExternalRead[];
};

/** A list tells in which order it was written: finds that order for every key, or what contradicts it. */
export function findVersionOrders(transactions: readonly Transaction[]): VersionOrders | Anomaly {
  const writers = findWriters(transactions);
  const reads: ExternalRead[] = [];
  for (const transaction of transactions) {
    if (transaction.outcome !== "ok") continue;
    const found = externalReads(transaction);
    if (!Array.isArray(found)) return found;
    reads.push(...found);
  }
  const longest = new Map<string, ExternalRead>();
  for (const read of reads) {
    if (read.elements.length >= (longest.get(read.key)?.elements.length ?? 0)) longest.set(read.key, read);
  }
  const anomaly =
    firstOf(longest.values(), (it) => strangeElement(it, writers)) ?? firstOf(reads, (it) => strangeEnd(it, writers));
  if (anomaly !== undefined) return anomaly;
  for (const read of reads) {
    const { reader, elements } = longest.get(read.key)!;
    if (startsWith(elements, read.elements)) continue;
    const detail = `${read.key} was read as ${list(read.elements)} and as ${list(elements)}`;
    return { name: "incompatible-order", detail, transactions: [reader, read.reader] };
  }
  return { writers, orders: new Map([...longest].map(([key, { elements }]) => [key, elements])), reads };
}

function firstOf<T>(things: Iterable<T>, find: (thing: T) => Anomaly | undefined): Anomaly | undefined {
  for (const thing of things) {
    const found = find(thing);
    if (found !== undefined) return found;
  }
  return undefined;
}

function startsWith(elements: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((it, index) => it === elements[index]);
}

function findWriters(transactions: readonly Transaction[]): Map<string, Map<string, Writer>> {
  const writers = new Map<string, Map<string, Writer>>();
  for (const transaction of transactions) {
    const last = new Map<string, Writer>();
    for (const step of transaction.steps) {
      if (step.kind !== "append") continue;
      const ofKey = writers.get(step.key) ?? new Map<string, Writer>();
      writers.set(step.key, ofKey);
      invariant(!ofKey.has(step.value), `${step.value} is appended to ${step.key} twice`);
      const earlier = last.get(step.key);
      if (earlier !== undefined) earlier.isFinal = false;
      const writer = { transaction, isFinal: true };
      last.set(step.key, writer);
      ofKey.set(step.value, writer);
    }
  }
  return writers;
}

/** The transaction's reads without its own appends, each key once; all reads of a key must agree within it. */
function externalReads(transaction: Transaction): ExternalRead[] | Anomaly {
  const first = new Map<string, ExternalRead>();
  const own = new Map<string, string[]>();
  for (const step of transaction.steps) {
    const appended = own.get(step.key) ?? [];
    own.set(step.key, appended);
    if (step.kind === "append") {
      appended.push(step.value);
      continue;
    }
    if (step.elements === null) continue;
    const before = step.elements.slice(0, Math.max(0, step.elements.length - appended.length));
    const expected = [...(first.get(step.key)?.elements ?? before), ...appended];
    if (expected.length !== step.elements.length || !startsWith(expected, step.elements)) {
      const detail = `${step.key} was read as ${list(step.elements)}, and must have been ${list(expected)} by what went before`;
      return { name: "internal", detail, transactions: [transaction] };
    }
    if (!first.has(step.key)) first.set(step.key, { reader: transaction, key: step.key, elements: before });
  }
  return [...first.values()];
}

type Writers = VersionOrders["writers"];

/** Looks at every element; enough for the longest read, of which the others are beginnings. */
function strangeElement({ reader, key, elements }: ExternalRead, writers: Writers): Anomaly | undefined {
  const seen = new Set<string>();
  for (const element of elements) {
    if (seen.has(element))
      return { name: "duplicate", detail: `${element} is twice in ${key}`, transactions: [reader] };
    seen.add(element);
    const anomaly = strangeOrigin(element, reader, key, writers);
    if (anomaly !== undefined) return anomaly;
  }
  return undefined;
}

function strangeEnd({ reader, key, elements }: ExternalRead, writers: Writers): Anomaly | undefined {
  const last = elements.at(-1);
  if (last === undefined) return undefined;
  const writer = writers.get(key)?.get(last);
  if (writer === undefined || writer.isFinal) return strangeOrigin(last, reader, key, writers);
  const detail = `${last} in ${key} is only the beginning of what was appended at once`;
  return { name: "G1b", detail, transactions: [writer.transaction, reader] };
}

function strangeOrigin(element: string, reader: Transaction, key: string, writers: Writers): Anomaly | undefined {
  const writer = writers.get(key)?.get(element);
  if (writer === undefined) {
    return { name: "garbage", detail: `nobody appended ${element} to ${key}`, transactions: [reader] };
  }
  if (writer.transaction === reader) {
    return { name: "garbage", detail: `${element} was read in ${key} before it was appended`, transactions: [reader] };
  }
  if (writer.transaction.outcome !== "refused") return undefined;
  const detail = `${element} is in ${key}, though it was refused`;
  return { name: "G1a", detail, transactions: [writer.transaction, reader] };
}

function list(elements: readonly string[]): string {
  return JSON.stringify(elements);
}
