import { ByteReader, MalformedBytes } from "../../../base/byteReader.ts";
import { ByteWriter } from "../../../base/byteWriter.ts";
import { CHUNK_BYTES_MAX, CHUNK_ELEMENTS_MAX, Chunk } from "./chunk.ts";
import { ChunkList } from "./chunkList.ts";
import { type Collection, type EncodingName, type PieceSink, type StoredPiece, VALUE_LIST } from "./collection.ts";
import { orderKeyName, orderKeyOf } from "./orderKey.ts";
import { withInserted } from "./smallArray.ts";
import { LARGE_VALUE_BYTES, REFERENCE_BYTES, SMALL_VALUE_BYTES, TEXT_BYTES } from "./textCost.ts";

/** The only format of a list so far. */
const FLAG_QUICKLIST = 0;
const NO_ITEMS: string[] = [];

/**
 * A list. Both ends cost O(1), a position in the middle a short walk. Positions are 0-based; those outside of the list
 * are clamped or ignored, never an error, so that any mutation can be applied to any list. In memory a small list is one
 * array, a large one chunks.
 */
export class ListValue implements Collection {
  private small: string[] = NO_ITEMS;
  private smallBytes = 0;
  private large: ChunkList | undefined = undefined;

  get type(): number {
    return VALUE_LIST;
  }

  get length(): number {
    return this.large === undefined ? this.small.length : this.large.length;
  }

  get memoryBytes(): number {
    const { large } = this;
    const base = large === undefined ? SMALL_VALUE_BYTES : LARGE_VALUE_BYTES;
    const bytes = large === undefined ? this.smallBytes : large.bytes;
    return base + bytes + this.length * (REFERENCE_BYTES + TEXT_BYTES);
  }

  get encoding(): EncodingName {
    return "quicklist";
  }

  pushLeft(value: string): void {
    if (this.large !== undefined) this.large.pushLeft(value);
    else this.insertSmall(0, value);
  }

  pushRight(value: string): void {
    if (this.large !== undefined) this.large.pushRight(value);
    else this.insertSmall(this.small.length, value);
  }

  /** Removes and returns the first element; `undefined` when the list is empty. */
  popLeft(): string | undefined {
    return this.removeAt(0);
  }

  /** Removes and returns the last element; `undefined` when the list is empty. */
  popRight(): string | undefined {
    return this.removeAt(this.length - 1);
  }

  at(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.large === undefined ? this.small[index] : this.large.at(index);
  }

  /** Replaces an element; false when there is none at `index`. */
  set(index: number, value: string): boolean {
    if (!(index >= 0 && index < this.length)) return false;
    if (this.large !== undefined) this.large.set(index, value);
    else {
      this.smallBytes += value.length - this.small[index]!.length;
      this.small[index] = value;
      this.enlargeIfDue();
    }
    return true;
  }

  /** Inserts before the element at `index`; below 0 at the front, beyond the end at the end. */
  insert(index: number, value: string): void {
    if (index <= 0) this.pushLeft(value);
    else if (index >= this.length) this.pushRight(value);
    else if (this.large !== undefined) this.large.insert(index, value);
    else this.insertSmall(index, value);
  }

  /** Removes and returns the element at `index`; `undefined` when there is none. */
  removeAt(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    if (this.large !== undefined) return this.large.removeAt(index);
    const value = this.small[index]!;
    if (index === 0) this.small.shift();
    else this.small.splice(index, 1);
    this.smallBytes -= value.length;
    return value;
  }

  /** Removes up to |count| elements equal to `value`, from the back if count < 0, all of them if 0. Returns how many. */
  removeEqual(value: string, count: number): number {
    const limit = count === 0 ? this.length : Math.abs(count);
    if (this.large !== undefined) return this.large.removeEqual(value, limit, count < 0);
    const { small } = this;
    let removed = 0;
    for (; removed < limit; removed++) {
      const at = count < 0 ? small.lastIndexOf(value) : small.indexOf(value);
      if (at < 0) break;
      small.splice(at, 1);
    }
    this.smallBytes -= removed * value.length;
    return removed;
  }

  /** Keeps only the elements in [start, endExclusive). */
  trim(start: number, endExclusive: number): void {
    const end = Math.max(0, Math.min(this.length, endExclusive));
    const first = Math.max(0, Math.min(start, end));
    if (this.large !== undefined) {
      this.large.dropRight(this.length - end);
      this.large.dropLeft(first);
    } else {
      this.small = this.small.slice(first, end);
      this.smallBytes = bytesOf(this.small);
    }
  }

  /** Visits [start, endExclusive) from front to back. `visit` must not change the list. */
  forRange(start: number, endExclusive: number, visit: (value: string, index: number) => void): void {
    this.find(start, endExclusive, (value, index) => {
      visit(value, index);
      return false;
    });
  }

  /** Visits [start, endExclusive) from back to front. `visit` must not change the list. */
  forRangeReverse(start: number, endExclusive: number, visit: (value: string, index: number) => void): void {
    this.findReverse(start, endExclusive, (value, index) => {
      visit(value, index);
      return false;
    });
  }

  /** The first index in [start, endExclusive) whose element passes `test`, or -1. */
  find(start: number, endExclusive: number, test: (value: string, index: number) => boolean): number {
    const first = Math.max(0, start);
    const end = Math.min(this.length, endExclusive);
    if (this.large !== undefined) return this.large.find(first, end, test);
    for (let index = first; index < end; index++) if (test(this.small[index]!, index)) return index;
    return -1;
  }

  /** The last index in [start, endExclusive) whose element passes `test`, or -1; looks from back to front. */
  findReverse(start: number, endExclusive: number, test: (value: string, index: number) => boolean): number {
    const first = Math.max(0, start);
    const end = Math.min(this.length, endExclusive);
    if (this.large !== undefined) return this.large.findReverse(first, end, test);
    for (let index = end - 1; index >= first; index--) if (test(this.small[index]!, index)) return index;
    return -1;
  }

  encode(writer: ByteWriter): void {
    this.encodeHeader(writer);
    writer.varint(this.length);
    this.forRange(0, this.length, (value) => writer.lengthText(value));
  }

  static decode(reader: ByteReader): ListValue {
    readFlag(reader);
    const count = reader.varint();
    // An element takes a byte or more, so a count that lies cannot make room for more than was sent.
    if (count > reader.remaining) throw new MalformedBytes(`a list of ${count} elements ends too early`);
    const list = new ListValue();
    if (count > CHUNK_ELEMENTS_MAX) {
      for (let i = 0; i < count; i++) list.pushRight(reader.lengthText());
      return list;
    }
    list.small = new Array<string>(count);
    for (let i = 0; i < count; i++) list.small[i] = reader.lengthText();
    list.smallBytes = bytesOf(list.small);
    list.enlargeIfDue();
    return list;
  }

  get inPieces(): boolean {
    return this.large?.isTracked ?? false;
  }

  beginPieces(): void {
    this.enlarge().trackDirty(true);
  }

  encodeHeader(writer: ByteWriter): void {
    writer.u8(FLAG_QUICKLIST);
  }

  get dirtyPieces(): number {
    return this.large?.dirtyCount ?? 0;
  }

  /** A piece is a chunk: its name an order key, its content the elements. */
  takeDirtyPieces(sink: PieceSink): void {
    if (this.large === undefined || !this.large.isTracked) return;
    const writer = new ByteWriter(CHUNK_BYTES_MAX * 2);
    this.large.takeDirty(sink, (key, chunk) => {
      if (chunk === null) return sink.delete(orderKeyName(key));
      writer.reset();
      for (const item of chunk.items) writer.lengthText(item);
      sink.put(orderKeyName(key), writer);
    });
  }

  static fromPieces(header: ByteReader, pieces: Iterable<StoredPiece>): ListValue {
    readFlag(header);
    const list = new ListValue();
    const large = list.enlarge();
    let lastKey = Number.NEGATIVE_INFINITY;
    for (const { piece, content } of pieces) {
      const key = orderKeyOf(piece);
      if (key <= lastKey) throw new MalformedBytes("list pieces are not in ascending order");
      if (content.length === 0) throw new MalformedBytes("a list piece is empty");
      const items: string[] = [];
      for (const reader = new ByteReader(content); reader.remaining > 0; ) items.push(reader.lengthText());
      large.appendChunk(new Chunk(items, key));
      lastKey = key;
    }
    large.trackDirty(false);
    return list;
  }

  private insertSmall(index: number, value: string): void {
    this.small = withInserted(this.small, index, value);
    this.smallBytes += value.length;
    this.enlargeIfDue();
  }

  private enlargeIfDue(): void {
    if (this.small.length > CHUNK_ELEMENTS_MAX || this.smallBytes > CHUNK_BYTES_MAX) this.enlarge();
  }

  private enlarge(): ChunkList {
    if (this.large !== undefined) return this.large;
    this.large = new ChunkList();
    for (const value of this.small) this.large.pushRight(value);
    this.small = NO_ITEMS;
    this.smallBytes = 0;
    return this.large;
  }
}

function bytesOf(items: string[]): number {
  let bytes = 0;
  for (const item of items) bytes += item.length;
  return bytes;
}

function readFlag(reader: ByteReader): void {
  const flag = reader.u8();
  if (flag !== FLAG_QUICKLIST) throw new MalformedBytes(`a list has no encoding ${flag}`);
}
