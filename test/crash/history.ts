import {
  applyCommand,
  type Command,
  cloneEntry,
  describeEntry,
  type Entry,
  type KeySpace,
  keysOf,
  type ModelReply,
  sameValue,
} from "./model.ts";

/**
 * What a client can know of its write. A reply makes it *acknowledged*, an error reply makes it *refused* (it never happened and never
 * will), and when the connection ends first it is *unknown*: it may or may not have happened.
 */
export type Outcome = "acknowledged" | "refused" | "unknown";

/** One command, or several that must take effect together (MULTI … EXEC). Numbers rise by one within a history, from 1. */
export interface Write {
  readonly number: number;
  readonly commands: readonly Command[];
  readonly transaction: boolean;
}

/** The keys of a server as they were read between two instants of the Unix clock. */
export interface Observation {
  readonly keys: KeySpace;
  readonly beganMillis: number;
  readonly endedMillis: number;
}

/**
 * The oracle for keys that only one connection writes. Such a connection's writes take effect in the order they were sent, so after a
 * crash the keys must look as after every acknowledged write and the first few of the unknown ones, whole transactions only: nothing
 * lost, nothing half, nothing out of order, nothing twice.
 */
export class History {
  readonly name: string;
  /** Writes by outcome. An unknown one is counted when its connection has ended; `settle` then finds out whether it happened. */
  readonly counts: Record<Outcome, number> = { acknowledged: 0, refused: 0, unknown: 0 };
  /** What every acknowledged write (and every settled one) adds up to. */
  readonly #certain: KeySpace = new Map();
  /** What the acknowledged writes and those still without a reply add up to. */
  readonly #hoped: KeySpace = new Map();
  readonly #pending: Write[] = [];
  /** Every key ever written, so that a deleted one that comes back is noticed. */
  readonly #keys = new Set<string>();
  #numberLast = 0;
  #numberSeen = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Every key that was ever written here. */
  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  /** The number that the next write will get. */
  get numberNext(): number {
    return this.#numberLast + 1;
  }

  /** The state if every write that was sent took effect: what the next write may build on. */
  expected(key: string): Entry | undefined {
    return this.#hoped.get(key);
  }

  /** Notes a write before its first byte is sent. */
  send(commands: readonly Command[], transaction = false): Write {
    this.#numberLast += 1;
    const write = { number: this.#numberLast, commands, transaction };
    this.#pending.push(write);
    for (const command of commands) {
      for (const key of keysOf(command)) this.#keys.add(key);
      applyCommand(this.#hoped, command);
    }
    return write;
  }

  /** The reply arrived. Returns a complaint when it is not the reply that the acknowledged writes before it lead to. */
  acknowledge(write: Write, replies: readonly ModelReply[]): string | undefined {
    this.#takeOldest(write);
    this.counts.acknowledged += 1;
    const expected = write.commands.map((command) => applyCommand(this.#certain, command));
    if (JSON.stringify(expected) === JSON.stringify(replies)) return undefined;
    return `${this.name}: write ${write.number} ${describeWrite(write)} was answered ${shorten(replies)}, not ${shorten(expected)}`;
  }

  /** An error reply arrived: the write must never show. */
  refuse(write: Write): void {
    this.#takeOldest(write);
    this.counts.refused += 1;
    this.#hopeAgain(new Set([write, ...this.#pending].flatMap(keysOfWrite)));
  }

  /** Another connection has read what write `number` wrote: from now on it must not be lost, acknowledged or not. */
  see(number: number): void {
    this.#numberSeen = Math.max(this.#numberSeen, number);
  }

  /** Writes still without a reply; after the end of the connection these are the unknown ones. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /**
   * Compares with what the server has after a crash and takes over which unknown writes happened. Returns a complaint, or undefined.
   */
  settle(observation: Observation): string | undefined {
    const pending = this.#pending.splice(0);
    this.counts.unknown += pending.length;
    const touched = new Set(pending.flatMap(keysOfWrite));
    for (const key of this.#keys) {
      if (touched.has(key) || matches(this.#certain.get(key), observation, key)) continue;
      return this.#complain(key, this.#certain.get(key), observation, pending);
    }
    const happened = this.#happened(pending, touched, observation);
    if (typeof happened === "string") return happened;
    for (const write of pending.slice(0, happened)) for (const it of write.commands) applyCommand(this.#certain, it);
    this.#forgetExpired(observation);
    this.#hopeAgain(touched);
    return undefined;
  }

  /** How many of the unknown writes took effect; the fewest that explain every touched key, or a complaint. */
  #happened(pending: readonly Write[], touched: ReadonlySet<string>, observation: Observation): number | string {
    const space = copyOf(this.#certain, touched);
    const fewest = pending.filter((write) => write.number <= this.#numberSeen).length;
    let blame = "";
    for (let count = 0; count <= pending.length; count++) {
      if (count > 0) for (const command of (pending[count - 1] as Write).commands) applyCommand(space, command);
      if (count < fewest) continue;
      const wrong = [...touched].find((key) => !matches(space.get(key), observation, key));
      if (wrong === undefined) return count;
      if (blame === "") blame = this.#complain(wrong, space.get(wrong), observation, pending);
    }
    return fewest > 0 ? `${blame}; ${fewest} of the unknown writes had been read by another connection` : blame;
  }

  /** Works out anew what may be hoped for some keys, after writes turned out not to have happened. */
  #hopeAgain(keys: ReadonlySet<string>): void {
    for (const key of keys) this.#hoped.delete(key);
    for (const [key, entry] of copyOf(this.#certain, keys)) this.#hoped.set(key, entry);
    for (const write of this.#pending) for (const command of write.commands) applyCommand(this.#hoped, command);
  }

  #takeOldest(write: Write): void {
    const oldest = this.#pending.shift();
    if (oldest !== write)
      throw new Error(`${this.name}: reply for write ${write.number}, expected for ${oldest?.number}`);
  }

  #forgetExpired(observation: Observation): void {
    for (const [key, entry] of this.#certain) {
      if (entry.expireAtMillis !== null && !observation.keys.has(key)) {
        this.#certain.delete(key);
        this.#hoped.delete(key);
      }
    }
  }

  #complain(key: string, certain: Entry | undefined, observation: Observation, pending: readonly Write[]): string {
    const found = describeEntry(observation.keys.get(key));
    const unknown = pending.length === 0 ? "no unknown writes" : `unknown writes ${numbersOf(pending)}`;
    return (
      `${this.name}: key ${key} should be ${describeEntry(certain)}, found ${found} ` +
      `(${this.counts.acknowledged} acknowledged, last sent ${this.#numberLast}, ${unknown})`
    );
  }
}

/** Whether a key looks as it must; a key whose end fell into the time of the reading may look either way. */
export function matches(expected: Entry | undefined, observation: Observation, key: string): boolean {
  const found = observation.keys.get(key);
  if (expected === undefined) return found === undefined;
  const end = expected.expireAtMillis;
  if (end !== null && end <= observation.beganMillis) return found === undefined;
  if (found === undefined) return end !== null && end <= observation.endedMillis;
  return found.expireAtMillis === end && sameValue(expected.value, found.value);
}

function copyOf(space: KeySpace, keys: ReadonlySet<string>): KeySpace {
  const copy: KeySpace = new Map();
  for (const key of keys) {
    const entry = space.get(key);
    if (entry !== undefined) copy.set(key, cloneEntry(entry));
  }
  return copy;
}

function keysOfWrite(write: Write): readonly string[] {
  return write.commands.flatMap(keysOf);
}

function numbersOf(writes: readonly Write[]): string {
  return `${writes[0]?.number}–${writes.at(-1)?.number}`;
}

function describeWrite(write: Write): string {
  const text = write.commands.map((command) => command.map((it) => it.slice(0, 40)).join(" ")).join("; ");
  return JSON.stringify(text.slice(0, 200));
}

function shorten(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? "nothing";
}
