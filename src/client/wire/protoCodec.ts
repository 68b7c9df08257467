import { invariant } from "../../base/invariant.ts";
import { ProtoReader } from "./protoReader.ts";
import type { ProtoWriter } from "./protoWriter.ts";

/** What protobufjs says of `.proto` files, as far as it is used here (`npm run proto`). */
export interface ProtoTree {
  readonly nested?: { readonly [name: string]: ProtoTree };
  readonly fields?: { readonly [name: string]: ProtoField };
  readonly oneofs?: { readonly [name: string]: { readonly oneof: readonly string[] } };
  readonly values?: { readonly [name: string]: number };
}

interface ProtoField {
  readonly type: string;
  readonly id: number;
  readonly rule?: string;
}

type Fields = { [name: string]: unknown };

/** Encodes and decodes the messages of one type. */
export interface MessageCodec {
  /** Undefined fields are left out, and so is what a reader takes for granted. */
  encode(message: object, writer: ProtoWriter): void;
  /** With defaults where nothing was said, but for messages and for fields of which at most one is there. Throws `MalformedMessage`. */
  decode(bytes: Buffer): unknown;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** Knows the messages below `scope` of a tree. */
export class ProtoCodecs {
  readonly #tree: ProtoTree;
  readonly #codecs = new Map<string, TypeCodec>();

  constructor(tree: ProtoTree) {
    this.#tree = tree;
  }

  /** The codec of a message by its full name, such as `holdfast.v1.Topology`. */
  of(name: string): MessageCodec {
    return this.codec(name);
  }

  codec(name: string): TypeCodec {
    const known = this.#codecs.get(name);
    if (known !== undefined) return known;
    const type = this.#find(name);
    invariant(type?.fields !== undefined, `there is no message ${name}`);
    const codec = new TypeCodec();
    this.#codecs.set(name, codec);
    const choices = new Set(Object.values(type.oneofs ?? {}).flatMap(({ oneof }) => oneof));
    for (const [field, { type: kind, id, rule }] of Object.entries(type.fields)) {
      codec.add(new FieldCodec(this, name, { name: field, kind, id, rule, isChoice: choices.has(field) }));
    }
    return codec;
  }

  /** What a field's type means where it stands: in its message, or around it. */
  resolve(kind: string, scope: string): { readonly name: string; readonly tree: ProtoTree } {
    for (let at = scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
      const name = at === "" ? kind : `${at}.${kind}`;
      const tree = this.#find(name);
      if (tree !== undefined) return { name, tree };
      invariant(at !== "", `there is no type ${kind}`);
    }
  }

  #find(name: string): ProtoTree | undefined {
    let tree: ProtoTree | undefined = this.#tree;
    for (const part of name.split(".")) tree = tree?.nested?.[part];
    return tree;
  }
}

class TypeCodec implements MessageCodec {
  readonly #fields: FieldCodec[] = [];
  readonly #byId = new Map<number, FieldCodec>();

  add(field: FieldCodec): void {
    this.#fields.push(field);
    this.#byId.set(field.id, field);
  }

  encode(message: object, writer: ProtoWriter): void {
    for (const field of this.#fields) {
      const value = (message as Fields)[field.name];
      if (value !== undefined && value !== null) field.encode(value, writer);
    }
  }

  decode(bytes: Buffer): unknown {
    return this.read(new ProtoReader(bytes));
  }

  read(reader: ProtoReader): Fields {
    const message: Fields = {};
    for (const field of this.#fields) if (field.hasDefault) message[field.name] = field.isRepeated ? [] : field.default;
    while (!reader.isAtEnd) {
      const tag = reader.varint();
      const field = this.#byId.get(tag >>> 3);
      if (field === undefined) reader.pass(tag & 7);
      else field.decodeInto(message, tag & 7, reader);
    }
    return message;
  }
}

interface FieldFacts {
  readonly name: string;
  readonly kind: string;
  readonly id: number;
  readonly rule: string | undefined;
  /** At most one of several is there, and it is told even when it is what a reader would take for granted. */
  readonly isChoice: boolean;
}

type Scalar = "varint" | "int64" | "sint64" | "bool" | "double" | "string" | "bytes";

const SCALARS: { readonly [kind: string]: Scalar } = {
  uint32: "varint",
  uint64: "varint",
  int32: "int64",
  int64: "int64",
  sint64: "sint64",
  bool: "bool",
  double: "double",
  string: "string",
  bytes: "bytes",
};
const NO_BYTES = Buffer.alloc(0);
const DEFAULTS = { varint: 0, int64: 0, sint64: 0, bool: false, double: 0, string: "", bytes: NO_BYTES } as const;

class FieldCodec {
  readonly name: string;
  readonly id: number;
  readonly isRepeated: boolean;
  readonly hasDefault: boolean;
  readonly default: unknown;
  readonly #scalar: Scalar | undefined;
  readonly #message: TypeCodec | undefined;
  readonly #names: { readonly [name: string]: number } | undefined;
  readonly #numbers = new Map<number, string>();
  readonly #isChoice: boolean;

  constructor(codecs: ProtoCodecs, scope: string, facts: FieldFacts) {
    this.name = facts.name;
    this.id = facts.id;
    this.isRepeated = facts.rule === "repeated";
    this.#isChoice = facts.isChoice;
    this.#scalar = SCALARS[facts.kind];
    if (this.#scalar === undefined) {
      const { name, tree } = codecs.resolve(facts.kind, scope);
      this.#names = tree.values;
      for (const [word, number] of Object.entries(tree.values ?? {})) this.#numbers.set(number, word);
      if (tree.values === undefined) this.#message = codecs.codec(name);
    }
    this.hasDefault = this.isRepeated || (!facts.isChoice && this.#message === undefined);
    this.default = this.#scalar === undefined ? this.#numbers.get(0) : DEFAULTS[this.#scalar];
  }

  encode(value: unknown, writer: ProtoWriter): void {
    if (this.isRepeated) for (const each of value as readonly unknown[]) this.#encodeOne(each, writer);
    else if (this.#isChoice || this.#message !== undefined || !this.#isDefault(value)) this.#encodeOne(value, writer);
  }

  #isDefault(value: unknown): boolean {
    return value === this.default || ((this.#scalar === "bytes" || this.#scalar === "string") && sizeOf(value) === 0);
  }

  #encodeOne(value: unknown, writer: ProtoWriter): void {
    if (this.#message !== undefined) {
      this.#tag(LENGTH, writer);
      const start = writer.open();
      this.#message.encode(value as object, writer);
      writer.close(start);
    } else if (this.#scalar === undefined) {
      this.#tag(VARINT, writer);
      writer.varint(this.#names?.[value as string] ?? 0);
    } else this.#encodeScalar(this.#scalar, value, writer);
  }

  #encodeScalar(scalar: Scalar, value: unknown, writer: ProtoWriter): void {
    if (scalar === "bytes" || scalar === "string") {
      this.#tag(LENGTH, writer);
      writer.bytes(value as string | Uint8Array);
    } else if (scalar === "double") {
      this.#tag(FIXED64, writer);
      writer.double(value as number);
    } else {
      this.#tag(VARINT, writer);
      if (scalar === "sint64") writer.sint64(value as number | bigint);
      else if (scalar === "bool") writer.varint(value === true ? 1 : 0);
      else writer.int64(value as number | bigint);
    }
  }

  #tag(wireType: number, writer: ProtoWriter): void {
    writer.varint(this.id * 8 + wireType);
  }

  decodeInto(message: Fields, wireType: number, reader: ProtoReader): void {
    if (!this.isRepeated) {
      message[this.name] = this.#decodeOne(wireType, reader);
      return;
    }
    const list = message[this.name] as unknown[];
    if (wireType !== LENGTH || this.#wireType === LENGTH) {
      list.push(this.#decodeOne(wireType, reader));
      return;
    }
    // Numbers come packed.
    const outer = reader.enter();
    while (!reader.isAtEnd) list.push(this.#decodeOne(this.#wireType, reader));
    reader.leave(outer);
  }

  get #wireType(): number {
    if (this.#message !== undefined || this.#scalar === "bytes" || this.#scalar === "string") return LENGTH;
    return this.#scalar === "double" ? FIXED64 : VARINT;
  }

  #decodeOne(wireType: number, reader: ProtoReader): unknown {
    if (wireType !== this.#wireType) {
      reader.pass(wireType);
      return this.default;
    }
    if (this.#message !== undefined) {
      const outer = reader.enter();
      const value = this.#message.read(reader);
      reader.leave(outer);
      return value;
    }
    switch (this.#scalar) {
      case undefined:
        return this.#numbers.get(reader.varint()) ?? this.default;
      case "bool":
        return reader.varint() !== 0;
      case "double":
        return reader.double();
      case "string":
        return reader.text();
      case "bytes":
        return reader.bytes();
      case "int64":
        return reader.int64();
      case "sint64":
        return reader.sint64();
      case "varint":
        return reader.varint();
    }
  }
}

function sizeOf(value: unknown): number {
  return (value as string | Uint8Array).length;
}
