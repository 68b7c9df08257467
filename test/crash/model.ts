/**
 * What a key space must look like after a list of commands: the handful of Redis commands that the crash tests write with, on plain
 * maps and arrays. It shares nothing with the server, so a mistake would have to be made twice to go unseen.
 */
export type Value =
  | { readonly kind: "string"; text: string }
  | { readonly kind: "hash"; readonly fields: Map<string, string> }
  | { readonly kind: "list"; readonly elements: string[] }
  | { readonly kind: "set"; readonly members: Set<string> }
  | { readonly kind: "zset"; readonly scores: Map<string, number> };

/** A key's value and the instant (Unix milliseconds) it ends, or null. */
export interface Entry {
  value: Value;
  expireAtMillis: number | null;
}

export type KeySpace = Map<string, Entry>;
export type Command = readonly string[];
/** What Redis 7.0 answers; simple and bulk strings alike as text. */
export type ModelReply = string | number | null | readonly ModelReply[];

/** Carries out one command and returns the reply Redis would give. Commands outside the workload's set are a mistake of the test. */
export function applyCommand(space: KeySpace, command: Command): ModelReply {
  const [name, key, ...rest] = command as [string, string, ...string[]];
  const handler = handlers[name];
  if (handler === undefined) throw new Error(`the model does not know ${name}`);
  return handler(space, key, rest);
}

/** Every key that a command may change. */
export function keysOf(command: Command): readonly string[] {
  const [name, ...rest] = command;
  if (name === "DEL") return rest;
  if (name === "MSET") return rest.filter((_, index) => index % 2 === 0);
  if (name === "RENAME" || name === "LMOVE" || name === "SMOVE") return rest.slice(0, 2);
  return rest.slice(0, 1);
}

/** A deep copy. */
export function cloneEntry(entry: Entry): Entry {
  return { value: cloneValue(entry.value), expireAtMillis: entry.expireAtMillis };
}

function cloneValue(value: Value): Value {
  switch (value.kind) {
    case "string":
      return { kind: "string", text: value.text };
    case "hash":
      return { kind: "hash", fields: new Map(value.fields) };
    case "list":
      return { kind: "list", elements: value.elements.slice() };
    case "set":
      return { kind: "set", members: new Set(value.members) };
    case "zset":
      return { kind: "zset", scores: new Map(value.scores) };
  }
}

/** Equal content; the order of hash fields, set members and scores does not count, that of list elements does. */
export function sameValue(left: Value, right: Value): boolean {
  if (left.kind === "string" && right.kind === "string") return left.text === right.text;
  if (left.kind === "hash" && right.kind === "hash") return sameMap(left.fields, right.fields);
  if (left.kind === "zset" && right.kind === "zset") return sameMap(left.scores, right.scores);
  if (left.kind === "list" && right.kind === "list") {
    return left.elements.length === right.elements.length && left.elements.every((it, at) => it === right.elements[at]);
  }
  if (left.kind === "set" && right.kind === "set") {
    return left.members.size === right.members.size && [...left.members].every((it) => right.members.has(it));
  }
  return false;
}

function sameMap<T>(left: ReadonlyMap<string, T>, right: ReadonlyMap<string, T>): boolean {
  if (left.size !== right.size) return false;
  for (const [field, content] of left) if (right.get(field) !== content) return false;
  return true;
}

/** A short description for a report, never the whole value. */
export function describeEntry(entry: Entry | undefined): string {
  if (entry === undefined) return "absent";
  const until = entry.expireAtMillis === null ? "" : ` until ${entry.expireAtMillis}`;
  const { value } = entry;
  switch (value.kind) {
    case "string":
      return `string of ${value.text.length} ${JSON.stringify(value.text.slice(0, 48))}${until}`;
    case "hash":
      return `hash of ${value.fields.size} ${JSON.stringify([...value.fields].slice(-3))}${until}`;
    case "list":
      return `list of ${value.elements.length} …${JSON.stringify(value.elements.slice(-3))}${until}`;
    case "set":
      return `set of ${value.members.size} …${JSON.stringify([...value.members].slice(-3))}${until}`;
    case "zset":
      return `sorted set of ${value.scores.size} …${JSON.stringify([...value.scores].slice(-3))}${until}`;
  }
}

type Handler = (space: KeySpace, key: string, args: readonly string[]) => ModelReply;

const handlers: Readonly<Record<string, Handler>> = {
  SET: (space, key, [text, option, instant]) => {
    const expireAtMillis = option === "PXAT" ? Number(instant) : null;
    space.set(key, { value: { kind: "string", text: text as string }, expireAtMillis });
    return "OK";
  },
  MSET: (space, key, rest) => {
    const pairs = [key, ...rest];
    for (let at = 0; at < pairs.length; at += 2) {
      const text = pairs[at + 1] as string;
      space.set(pairs[at] as string, { value: { kind: "string", text }, expireAtMillis: null });
    }
    return "OK";
  },
  APPEND: (space, key, [more]) => {
    const value = open(space, key, "string", () => ({ kind: "string", text: "" }));
    value.text += more;
    return value.text.length;
  },
  INCRBY: (space, key, [step]) => {
    const value = open(space, key, "string", () => ({ kind: "string", text: "0" }));
    value.text = String(Number(value.text) + Number(step));
    return Number(value.text);
  },
  DEL: (space, key, others) => [key, ...others].filter((it) => space.delete(it)).length,
  RENAME: (space, source, [target]) => {
    const entry = space.get(source);
    if (entry === undefined) return null;
    space.delete(source);
    space.set(target as string, entry);
    return "OK";
  },
  PEXPIREAT: (space, key, [instant]) => {
    const entry = space.get(key);
    if (entry === undefined) return 0;
    entry.expireAtMillis = Number(instant);
    return 1;
  },
  PERSIST: (space, key) => {
    const entry = space.get(key);
    if (entry === undefined || entry.expireAtMillis === null) return 0;
    entry.expireAtMillis = null;
    return 1;
  },
  HSET: (space, key, pairs) => {
    const { fields } = open(space, key, "hash", () => ({ kind: "hash", fields: new Map() }));
    const before = fields.size;
    for (let at = 0; at < pairs.length; at += 2) fields.set(pairs[at] as string, pairs[at + 1] as string);
    return fields.size - before;
  },
  HDEL: (space, key, names) => {
    const entry = space.get(key);
    if (entry?.value.kind !== "hash") return 0;
    const { fields } = entry.value;
    const removed = names.filter((name) => fields.delete(name)).length;
    if (fields.size === 0) space.delete(key);
    return removed;
  },
  RPUSH: (space, key, more) => {
    const { elements } = open(space, key, "list", () => ({ kind: "list", elements: [] }));
    for (const element of more) elements.push(element);
    return elements.length;
  },
  LPUSH: (space, key, more) => {
    const { elements } = open(space, key, "list", () => ({ kind: "list", elements: [] }));
    elements.unshift(...more.toReversed());
    return elements.length;
  },
  LPOP: (space, key) => takeElement(space, key, "LEFT"),
  LMOVE: (space, source, [target, from, to]) => {
    const element = takeElement(space, source, from as string);
    if (element === null) return null;
    const { elements } = open(space, target as string, "list", () => ({ kind: "list", elements: [] }));
    if (to === "LEFT") elements.unshift(element);
    else elements.push(element);
    return element;
  },
  SADD: (space, key, more) => {
    const { members } = open(space, key, "set", () => ({ kind: "set", members: new Set() }));
    const before = members.size;
    for (const member of more) members.add(member);
    return members.size - before;
  },
  SREM: (space, key, names) => {
    const entry = space.get(key);
    if (entry?.value.kind !== "set") return 0;
    const { members } = entry.value;
    const removed = names.filter((name) => members.delete(name)).length;
    if (members.size === 0) space.delete(key);
    return removed;
  },
  ZADD: (space, key, pairs) => {
    const { scores } = open(space, key, "zset", () => ({ kind: "zset", scores: new Map() }));
    const before = scores.size;
    for (let at = 0; at < pairs.length; at += 2) scores.set(pairs[at + 1] as string, Number(pairs[at]));
    return scores.size - before;
  },
  ZREM: (space, key, names) => {
    const entry = space.get(key);
    if (entry?.value.kind !== "zset") return 0;
    const { scores } = entry.value;
    const removed = names.filter((name) => scores.delete(name)).length;
    if (scores.size === 0) space.delete(key);
    return removed;
  },
};

function open<K extends Value["kind"]>(
  space: KeySpace,
  key: string,
  kind: K,
  create: () => Extract<Value, { kind: K }>,
): Extract<Value, { kind: K }> {
  const entry = space.get(key);
  if (entry === undefined) {
    const value = create();
    space.set(key, { value, expireAtMillis: null });
    return value;
  }
  if (entry.value.kind !== kind) throw new Error(`the workload used the ${entry.value.kind} ${key} as a ${kind}`);
  return entry.value as Extract<Value, { kind: K }>;
}

function takeElement(space: KeySpace, key: string, end: string): string | null {
  const entry = space.get(key);
  if (entry?.value.kind !== "list") return null;
  const { elements } = entry.value;
  const element = end === "LEFT" ? elements.shift() : elements.pop();
  if (elements.length === 0) space.delete(key);
  return element ?? null;
}
