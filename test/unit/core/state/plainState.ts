import { decodeLatin1 } from "../../../../src/base/latin1.ts";
import { type KeySpace, VALUE_STRING } from "../../../../src/core/state/keySpace.ts";
import type { Ref } from "../../../../src/core/state/slab.ts";
import { HashValue } from "../../../../src/core/state/values/hashValue.ts";
import { ListValue } from "../../../../src/core/state/values/listValue.ts";
import { SetValue } from "../../../../src/core/state/values/setValue.ts";
import { ZSetValue } from "../../../../src/core/state/values/zsetValue.ts";

/** A value as plainly as possible. */
export type PlainValue =
  | { readonly kind: "string"; readonly text: string; readonly hint: number }
  | { readonly kind: "hash"; readonly fields: Map<string, string> }
  | { readonly kind: "list"; readonly elements: string[] }
  | { readonly kind: "set"; readonly members: Set<string> }
  | { readonly kind: "zset"; readonly scores: Map<string, number> };

export interface PlainKey {
  value: PlainValue;
  /** 0: never. */
  expireAt: number;
  /** Seq of the last mutation. */
  version: number;
}

/** What a key space should be: one `Map`. */
export type PlainState = Map<string, PlainKey>;

/** One key in a line, with what is in no order put in order. */
export function plainLine({ value, expireAt, version }: PlainKey): string {
  return `version ${version} expires ${expireAt} ${plainValue(value)}`;
}

function plainValue(value: PlainValue): string {
  switch (value.kind) {
    case "string":
      return `string hint ${value.hint} ${value.text}`;
    case "hash":
      return `hash ${JSON.stringify([...value.fields].sort())}`;
    case "list":
      return `list ${JSON.stringify(value.elements)}`;
    case "set":
      return `set ${JSON.stringify([...value.members].sort())}`;
    case "zset":
      return `zset ${JSON.stringify([...value.scores].sort())}`;
  }
}

/** The same line for a key of a key space. */
export function keyLine(state: KeySpace, key: string): string | undefined {
  const ref = state.find(key);
  if (ref === 0) return undefined;
  return plainLine({ value: readValue(state, ref), expireAt: state.expireAt(ref), version: state.version(ref) });
}

function readValue(state: KeySpace, ref: Ref): PlainValue {
  if (state.type(ref) === VALUE_STRING) {
    return { kind: "string", text: decodeLatin1(state.stringView(ref)), hint: state.encodingHint(ref) };
  }
  const value = state.collection(ref);
  if (value instanceof HashValue) {
    const fields = new Map<string, string>();
    value.forEach((field, content) => {
      fields.set(field, content);
    });
    return { kind: "hash", fields };
  }
  if (value instanceof ListValue) {
    const elements: string[] = [];
    value.forRange(0, value.length, (element) => elements.push(element));
    return { kind: "list", elements };
  }
  if (value instanceof SetValue) {
    const members = new Set<string>();
    value.forEach((member) => {
      members.add(member);
    });
    return { kind: "set", members };
  }
  const scores = new Map<string, number>();
  if (value instanceof ZSetValue) value.forRange(0, value.length, (member, score) => scores.set(member, score));
  return { kind: "zset", scores };
}
