import { ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import { decodeLatin1 } from "../../base/latin1.ts";
import { ENCODING_EMBSTR } from "./coldStore.ts";
import { readSlotMutation } from "./decodeMutation.ts";
import * as kind from "./mutation.ts";
import { KEY_BYTES_MAX } from "./record.ts";
import { SessionMutation } from "./sessionMutation.ts";
import { decodeCollection } from "./values/decode.ts";

/** As long as a string may become (Redis documentation, "proto-max-bulk-len"). */
const STRING_BYTES_MAX = 512 * 2 ** 20;
const sessionMutation = new SessionMutation();
const NOTHING = new Uint8Array(0);

/**
 * Goes over the mutations of an entry without applying them: `while (cursor.next()) use(cursor.code, cursor.key)`. A mutation is
 * `[start, end)` of the reader's bytes. `MUTATION_CLEAR` and `MUTATION_SLOTS` have an empty key.
 */
export class MutationCursor {
  code = 0;
  start = 0;
  end = 0;
  /** The key is `[keyStart, keyEnd)` of the reader's bytes. */
  keyStart = 0;
  keyEnd = 0;
  #reader = new ByteReader(NOTHING);

  /** Stands before the first mutation of what `reader` has. */
  open(reader: ByteReader): this {
    this.#reader = reader;
    this.end = reader.at;
    return this;
  }

  get key(): string {
    return decodeLatin1(this.#reader.bytes, this.keyStart, this.keyEnd);
  }

  /** Goes to the next mutation, if there is one. Throws `MalformedBytes`. */
  next(): boolean {
    const reader = this.#reader;
    if (reader.remaining === 0) return false;
    this.start = reader.at;
    this.code = reader.u8();
    const length = reader.varint();
    if (length > KEY_BYTES_MAX) throw new MalformedBytes(`a key of ${length} bytes`);
    this.keyStart = reader.take(length);
    this.keyEnd = reader.at;
    passMutation(this.code, reader);
    this.end = reader.at;
    return true;
  }
}

/**
 * The keys that an entry's mutations are about, without applying them; undefined when one of them concerns every key. Throws
 * `MalformedBytes`.
 */
export function keysOfEntry(reader: ByteReader): Set<string> | undefined {
  const keys = new Set<string>();
  while (reader.remaining > 0) {
    const code = reader.u8();
    const key = reader.lengthText();
    if (code === kind.MUTATION_CLEAR) return undefined;
    if (code === kind.MUTATION_SLOTS) {
      if (readSlotMutation(reader).kind !== "imported") return undefined;
      continue;
    }
    keys.add(key);
    passMutation(code, reader);
  }
  return keys;
}

/**
 * Goes over what follows a mutation's key and sees to it that it can be applied, whatever the key holds. Throws `MalformedBytes`.
 */
function passMutation(code: number, reader: ByteReader): void {
  switch (code) {
    case kind.MUTATION_DELETE:
    case kind.MUTATION_CLEAR:
      return;
    case kind.MUTATION_SLOTS:
      return void readSlotMutation(reader);
    case kind.MUTATION_SESSION:
      return void sessionMutation.read(reader);
    case kind.MUTATION_SET_STRING:
      reader.take(6);
      if (reader.u8() > ENCODING_EMBSTR) throw new MalformedBytes("no encoding of a string");
      return passTexts(reader, 1);
    case kind.MUTATION_APPEND:
      return passTexts(reader, 1);
    case kind.MUTATION_SET_RANGE:
      if (reader.varint() > STRING_BYTES_MAX)
        throw new MalformedBytes("an offset behind the end of the longest string");
      return passTexts(reader, 1);
    case kind.MUTATION_LIST_SET:
    case kind.MUTATION_LIST_INSERT:
      reader.varint();
      return passTexts(reader, 1);
    case kind.MUTATION_EXPIRE:
      return void reader.take(6);
    case kind.MUTATION_PUT: {
      const type = reader.u8();
      reader.take(6);
      return void decodeCollection(type, reader);
    }
    case kind.MUTATION_HASH_SET:
      return passTexts(reader, reader.varint() * 2);
    case kind.MUTATION_LIST_PUSH:
      reader.take(1);
      return passTexts(reader, reader.varint());
    case kind.MUTATION_LIST_POP:
      reader.take(1);
      return void reader.varint();
    case kind.MUTATION_LIST_REMOVE:
      for (let left = reader.varint(); left > 0; left--) reader.varint();
      return;
    case kind.MUTATION_LIST_TRIM:
      reader.varint();
      return void reader.varint();
    case kind.MUTATION_HASH_DELETE:
    case kind.MUTATION_SET_ADD:
    case kind.MUTATION_SET_REMOVE:
    case kind.MUTATION_ZSET_REMOVE:
      return passTexts(reader, reader.varint());
    case kind.MUTATION_ZSET_ADD:
      for (let left = reader.varint(); left > 0; left--) {
        if (Number.isNaN(reader.f64())) throw new MalformedBytes("a score that is no number");
        passTexts(reader, 1);
      }
      return;
    default:
      throw new MalformedBytes(`${code} is no kind of mutation`);
  }
}

function passTexts(reader: ByteReader, count: number): void {
  for (let left = count; left > 0; left--) reader.take(reader.varint());
}
