import { type ByteReader, MalformedBytes } from "../../../base/byteReader.ts";
import { ByteWriter } from "../../../base/byteWriter.ts";
import {
  type Collection,
  type EncodingName,
  HASH_LISTPACK_ENTRIES_MAX,
  LISTPACK_ELEMENT_BYTES_MAX,
  type PieceSink,
  type StoredPiece,
  VALUE_HASH,
} from "./collection.ts";
import { DirtyNames } from "./dirtyNames.ts";
import { KEY_TABLE_ENTRY_BYTES, KeyTable } from "./keyTable.ts";
import { PagedArray } from "./pagedArray.ts";
import { orderOfPieces, readPieces, scanStep } from "./pieceOrder.ts";
import { refuseRepetition } from "./refuseRepetition.ts";
import { sharedText } from "./sharedText.ts";
import { withPair } from "./smallArray.ts";
import { LARGE_VALUE_BYTES, REFERENCE_BYTES, SMALL_VALUE_BYTES, TEXT_BYTES } from "./textCost.ts";

const FLAG_LISTPACK = 0;
const FLAG_HASHTABLE = 1;

/** A hash with large elements is called "hashtable" at once, but stays in one array up to so many entries. */
const HASHTABLE_SMALL_MAX = 32;
const NO_PAIRS: string[] = [];

/** Fields at dense positions, with their values at the same. */
interface LargeHash {
  fields: KeyTable;
  values: PagedArray<string>;
}

/**
 * A hash: fields with values. "listpack" keeps the order of insertion; "hashtable" puts the last entry into the place of a
 * deleted one. In memory a small hash is one array, `[field, value, field, value, …]`, a large one a table.
 */
export class HashValue implements Collection {
  private pairs: string[] = NO_PAIRS;
  private large: LargeHash | undefined = undefined;
  private listpack = true;
  private elementBytes = 0;
  private dirty: DirtyNames | undefined = undefined;

  get type(): number {
    return VALUE_HASH;
  }

  get length(): number {
    return this.large === undefined ? this.pairs.length / 2 : this.large.fields.length;
  }

  get memoryBytes(): number {
    const perEntry = this.large === undefined ? 2 * REFERENCE_BYTES : KEY_TABLE_ENTRY_BYTES + REFERENCE_BYTES;
    const base = this.large === undefined ? SMALL_VALUE_BYTES : LARGE_VALUE_BYTES;
    return base + this.elementBytes + this.length * (perEntry + 2 * TEXT_BYTES);
  }

  get encoding(): EncodingName {
    return this.listpack ? "listpack" : "hashtable";
  }

  get(field: string): string | undefined {
    const { large } = this;
    if (large === undefined) {
      const at = this.indexOf(field);
      return at < 0 ? undefined : this.pairs[at + 1];
    }
    const position = large.fields.find(field);
    return position < 0 ? undefined : large.values.get(position);
  }

  has(field: string): boolean {
    return this.large === undefined ? this.indexOf(field) >= 0 : this.large.fields.find(field) >= 0;
  }

  /** Returns true when the field is new. */
  set(field: string, value: string): boolean {
    this.dirty?.mark(field);
    if (this.listpack && (field.length > LISTPACK_ELEMENT_BYTES_MAX || value.length > LISTPACK_ELEMENT_BYTES_MAX)) {
      this.listpack = false;
    }
    const { large } = this;
    if (large === undefined) return this.setSmall(field, value);
    const { fields, values } = large;
    const lengthBefore = fields.length;
    const position = fields.add(field);
    if (fields.length > lengthBefore) {
      values.push(value);
      this.elementBytes += field.length + value.length;
      return true;
    }
    this.elementBytes += value.length - values.get(position).length;
    values.set(position, value);
    return false;
  }

  /** Returns whether the field was there. */
  delete(field: string): boolean {
    const { large } = this;
    if (large === undefined) return this.deleteSmall(field);
    const { fields, values } = large;
    const position = fields.find(field);
    if (position < 0) return false;
    this.elementBytes -= field.length + values.get(position).length;
    fields.removeAt(position);
    values.swapRemove(position);
    if (this.dirty !== undefined) {
      this.dirty.mark(field);
      if (position < fields.length) this.dirty.mark(fields.keyAt(position));
    }
    return true;
  }

  /** The field at a position in [0, length); O(1), for random choice. `undefined` outside. */
  fieldAt(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.large === undefined ? this.pairs[index * 2] : this.large.fields.keyAt(index);
  }

  valueAt(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.large === undefined ? this.pairs[index * 2 + 1] : this.large.values.get(index);
  }

  /** Visits all entries in order of position. `visit` must not change the hash. */
  forEach(visit: (field: string, value: string) => void): void {
    const { pairs, large } = this;
    if (large === undefined) for (let at = 0; at < pairs.length; at += 2) visit(pairs[at]!, pairs[at + 1]!);
    else for (let i = 0; i < large.fields.length; i++) visit(large.fields.keyAt(i), large.values.get(i));
  }

  /**
   * One step of HSCAN: visits about `count` entries (a small hash: all) and returns the next cursor, 0 at the end. What is
   * in the hash from the first step to the last is visited, whatever else changes in between.
   */
  scan(cursor: number, count: number, visit: (field: string, value: string) => void): number {
    const { large } = this;
    if (large === undefined) {
      this.forEach(visit);
      return 0;
    }
    const { from, to } = scanStep(cursor, count, large.fields.length);
    for (let i = from - 1; i >= to; i--) visit(large.fields.keyAt(i), large.values.get(i));
    return to;
  }

  encode(writer: ByteWriter): void {
    this.encodeHeader(writer);
    writer.varint(this.length);
    this.forEach((field, value) => {
      writer.lengthText(field);
      writer.lengthText(value);
    });
  }

  static decode(reader: ByteReader): HashValue {
    const listpack = readFlag(reader);
    const count = reader.varint();
    // An entry takes two bytes or more, so a count that lies cannot make room for more than was sent.
    if (count > reader.remaining / 2) throw new MalformedBytes(`a hash of ${count} fields ends too early`);
    const fields: string[] = [];
    const values: string[] = [];
    for (let i = 0; i < count; i++) {
      fields.push(reader.lengthText());
      values.push(reader.lengthText());
    }
    return new HashValue().fill(listpack, fields, values);
  }

  get inPieces(): boolean {
    return this.dirty !== undefined;
  }

  beginPieces(): void {
    this.dirty = new DirtyNames();
  }

  encodeHeader(writer: ByteWriter): void {
    writer.u8(this.listpack ? FLAG_LISTPACK : FLAG_HASHTABLE);
  }

  get dirtyPieces(): number {
    return this.dirty === undefined ? 0 : this.dirty.count(this.length);
  }

  /** A piece is an entry: its name the field, its content the position and the value. */
  takeDirtyPieces(sink: PieceSink): void {
    const { dirty, pairs } = this;
    if (dirty === undefined) return;
    const writer = new ByteWriter(256);
    const put = (position: number): void => this.putPiece(sink, writer, position);
    if (this.large === undefined) dirty.spell(pairs.filter((_, at) => at % 2 === 0));
    dirty.take(this.length, sink, put, (field) => {
      const position = this.positionOf(field);
      if (position < 0) sink.delete(field);
      else put(position);
    });
  }

  static fromPieces(header: ByteReader, pieces: Iterable<StoredPiece>): HashValue {
    const listpack = readFlag(header);
    const read: string[] = [];
    const { names, positions } = readPieces(pieces, (content) => read.push(content.text(content.remaining)));
    const { order, intact } = orderOfPieces(positions);
    const fields = order.map((i) => names[i]!);
    const value = new HashValue().fill(
      listpack,
      fields,
      order.map((i) => read[i]!),
    );
    value.dirty = new DirtyNames();
    value.dirty.forget();
    if (!intact) for (let i = 0; i < order.length; i++) if (positions[order[i]!] !== i) value.dirty.mark(fields[i]!);
    return value;
  }

  private putPiece(sink: PieceSink, writer: ByteWriter, position: number): void {
    writer.reset();
    writer.varint(position);
    writer.text(this.valueAt(position)!);
    sink.put(this.fieldAt(position)!, writer);
  }

  private positionOf(field: string): number {
    if (this.large !== undefined) return this.large.fields.find(field);
    const at = this.indexOf(field);
    return at < 0 ? -1 : at / 2;
  }

  /** Where the field stands in `pairs`, or -1. */
  private indexOf(field: string): number {
    const { pairs } = this;
    for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === field) return at;
    return -1;
  }

  private setSmall(field: string, value: string): boolean {
    const at = this.indexOf(field);
    if (at >= 0) {
      this.elementBytes += value.length - this.pairs[at + 1]!.length;
      this.pairs[at + 1] = value;
      return false;
    }
    this.pairs = withPair(this.pairs, sharedText(field), value);
    this.elementBytes += field.length + value.length;
    if (this.pairs.length / 2 > HASH_LISTPACK_ENTRIES_MAX) this.listpack = false;
    if (this.pairs.length / 2 > smallMax(this.listpack)) this.enlarge();
    return true;
  }

  private deleteSmall(field: string): boolean {
    const at = this.indexOf(field);
    if (at < 0) return false;
    const { pairs, dirty } = this;
    this.elementBytes -= field.length + pairs[at + 1]!.length;
    pairs.splice(at, 2);
    if (dirty !== undefined) {
      dirty.mark(field);
      for (let i = at; i < pairs.length; i += 2) dirty.mark(pairs[i]!);
    }
    return true;
  }

  private enlarge(): void {
    const { pairs } = this;
    const large = { fields: new KeyTable(), values: new PagedArray("") };
    for (let at = 0; at < pairs.length; at += 2) {
      large.fields.add(pairs[at]!);
      large.values.push(pairs[at + 1]!);
    }
    this.large = large;
    this.pairs = NO_PAIRS;
  }

  /** Takes over what was read, into a new value. */
  private fill(listpack: boolean, fields: string[], values: string[]): this {
    const count = fields.length;
    this.listpack = listpack && count <= HASH_LISTPACK_ENTRIES_MAX && fields.every(isShort) && values.every(isShort);
    for (let i = 0; i < count; i++) this.elementBytes += fields[i]!.length + values[i]!.length;
    if (count <= smallMax(this.listpack)) {
      refuseRepetition(fields);
      const pairs = new Array<string>(count * 2);
      for (let i = 0; i < count; i++) {
        pairs[2 * i] = sharedText(fields[i]!);
        pairs[2 * i + 1] = values[i]!;
      }
      this.pairs = pairs;
      return this;
    }
    const large = { fields: new KeyTable(), values: new PagedArray("") };
    for (let i = 0; i < count; i++) {
      if (large.fields.add(fields[i]!) !== i) throw new MalformedBytes("a field is there twice");
      large.values.push(values[i]!);
    }
    this.large = large;
    return this;
  }
}

function isShort(element: string): boolean {
  return element.length <= LISTPACK_ELEMENT_BYTES_MAX;
}

function smallMax(listpack: boolean): number {
  return listpack ? HASH_LISTPACK_ENTRIES_MAX : HASHTABLE_SMALL_MAX;
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag !== FLAG_LISTPACK && flag !== FLAG_HASHTABLE) throw new MalformedBytes(`a hash has no encoding ${flag}`);
  return flag === FLAG_LISTPACK;
}
