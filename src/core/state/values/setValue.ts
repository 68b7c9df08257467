import { type ByteReader, MalformedBytes } from "../../../base/byteReader.ts";
import { ByteWriter } from "../../../base/byteWriter.ts";
import { compareCanonicalInts, isCanonicalInt64 } from "./canonicalInt.ts";
import {
  type Collection,
  type EncodingName,
  INTSET_ENTRIES_MAX,
  type PieceSink,
  type StoredPiece,
  VALUE_SET,
} from "./collection.ts";
import { DirtyNames } from "./dirtyNames.ts";
import { KEY_TABLE_ENTRY_BYTES, KeyTable } from "./keyTable.ts";
import { orderOfPieces, readPieces, scanStep } from "./pieceOrder.ts";
import { refuseRepetition } from "./refuseRepetition.ts";
import { withInserted } from "./smallArray.ts";
import { LARGE_VALUE_BYTES, REFERENCE_BYTES, SMALL_VALUE_BYTES, TEXT_BYTES } from "./textCost.ts";

const FLAG_INTSET = 0;
const FLAG_HASHTABLE = 1;

/** A "hashtable" of so few members is an array in memory, searched from the front. */
const HASHTABLE_SMALL_MAX = 32;
const NO_MEMBERS: string[] = [];

/**
 * A set. "intset" is in numeric order; "hashtable" puts the last member into the place of a deleted one. In memory a
 * small set is one array, a large one a table.
 */
export class SetValue implements Collection {
  private small: string[] = NO_MEMBERS;
  private large: KeyTable | undefined = undefined;
  private intset = true;
  private elementBytes = 0;
  private dirty: DirtyNames | undefined = undefined;

  get type(): number {
    return VALUE_SET;
  }

  get length(): number {
    return this.large === undefined ? this.small.length : this.large.length;
  }

  get memoryBytes(): number {
    const perMember = this.large === undefined ? REFERENCE_BYTES : KEY_TABLE_ENTRY_BYTES;
    const base = this.large === undefined ? SMALL_VALUE_BYTES : LARGE_VALUE_BYTES;
    return base + this.elementBytes + this.length * (perMember + TEXT_BYTES);
  }

  get encoding(): EncodingName {
    return this.intset ? "intset" : "hashtable";
  }

  has(member: string): boolean {
    return this.positionOf(member) >= 0;
  }

  /** Returns true when the member is new. */
  add(member: string): boolean {
    const { large } = this;
    if (large === undefined) return this.addSmall(member);
    const lengthBefore = large.length;
    large.add(member);
    if (large.length === lengthBefore) return false;
    this.elementBytes += member.length;
    this.dirty?.mark(member);
    return true;
  }

  /** Returns whether the member was there. */
  delete(member: string): boolean {
    const { large, dirty } = this;
    const position = this.positionOf(member);
    if (position < 0) return false;
    this.elementBytes -= member.length;
    dirty?.mark(member);
    if (large !== undefined) {
      large.removeAt(position);
      if (position < large.length) dirty?.mark(large.keyAt(position));
      return true;
    }
    this.small.splice(position, 1);
    // Numeric order needs no positions on disk.
    if (dirty !== undefined && !this.intset)
      for (let i = position; i < this.small.length; i++) dirty.mark(this.small[i]!);
    return true;
  }

  /** The member at a position in [0, length); O(1), for random choice. `undefined` outside. */
  memberAt(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.large === undefined ? this.small[index] : this.large.keyAt(index);
  }

  /** Visits all members in order of position. `visit` must not change the set. */
  forEach(visit: (member: string) => void): void {
    const { small, large } = this;
    if (large === undefined) for (let i = 0; i < small.length; i++) visit(small[i]!);
    else for (let i = 0; i < large.length; i++) visit(large.keyAt(i));
  }

  /**
   * One step of SSCAN: visits about `count` members (of a small set: all) and returns the next cursor, 0 at the end. What
   * is in the set from the first step to the last is visited, whatever else changes in between.
   */
  scan(cursor: number, count: number, visit: (member: string) => void): number {
    const { large } = this;
    if (large === undefined) {
      this.forEach(visit);
      return 0;
    }
    const { from, to } = scanStep(cursor, count, large.length);
    for (let i = from - 1; i >= to; i--) visit(large.keyAt(i));
    return to;
  }

  encode(writer: ByteWriter): void {
    this.encodeHeader(writer);
    writer.varint(this.length);
    this.forEach((member) => {
      writer.lengthText(member);
    });
  }

  static decode(reader: ByteReader): SetValue {
    const intset = readFlag(reader);
    const count = reader.varint();
    // A member takes a byte or more, so a count that lies cannot make room for more than was sent.
    if (count > reader.remaining) throw new MalformedBytes(`a set of ${count} members ends too early`);
    const members: string[] = count > INTSET_ENTRIES_MAX ? [] : new Array(count);
    for (let i = 0; i < count; i++) members[i] = reader.lengthText();
    return new SetValue().fill(intset, members);
  }

  get inPieces(): boolean {
    return this.dirty !== undefined;
  }

  beginPieces(): void {
    this.dirty = new DirtyNames();
  }

  encodeHeader(writer: ByteWriter): void {
    writer.u8(this.intset ? FLAG_INTSET : FLAG_HASHTABLE);
  }

  get dirtyPieces(): number {
    return this.dirty === undefined ? 0 : this.dirty.count(this.length);
  }

  /** A piece is a member: its name the member, its content the position, which is 0 in an "intset". */
  takeDirtyPieces(sink: PieceSink): void {
    const { dirty } = this;
    if (dirty === undefined) return;
    const writer = new ByteWriter(16);
    const put = (position: number): void => this.putPiece(sink, writer, position);
    if (this.large === undefined) dirty.spell(this.small);
    dirty.take(this.length, sink, put, (member) => {
      const position = this.positionOf(member);
      if (position < 0) sink.delete(member);
      else put(position);
    });
  }

  static fromPieces(header: ByteReader, pieces: Iterable<StoredPiece>): SetValue {
    const intset = readFlag(header);
    const { names, positions } = readPieces(pieces, () => {});
    const value = new SetValue();
    value.dirty = new DirtyNames();
    value.dirty.forget();
    if (intset) return value.fill(true, names.sort(compareCanonicalInts));
    const { order, intact } = orderOfPieces(positions);
    value.fill(
      false,
      order.map((i) => names[i]!),
    );
    if (!intact)
      for (let i = 0; i < order.length; i++) if (positions[order[i]!] !== i) value.dirty.mark(names[order[i]!]!);
    return value;
  }

  private putPiece(sink: PieceSink, writer: ByteWriter, position: number): void {
    writer.reset();
    writer.varint(this.intset ? 0 : position);
    sink.put(this.memberAt(position)!, writer);
  }

  private positionOf(member: string): number {
    if (this.large !== undefined) return this.large.find(member);
    if (!this.intset) return this.small.indexOf(member);
    if (!isCanonicalInt64(member)) return -1;
    const at = lowerBound(this.small, member);
    return this.small[at] === member ? at : -1;
  }

  private addSmall(member: string): boolean {
    if (this.intset && !isCanonicalInt64(member)) this.leaveIntset();
    if (this.large !== undefined) return this.add(member);
    const at = this.intset ? lowerBound(this.small, member) : this.small.indexOf(member);
    if (this.intset ? this.small[at] === member : at >= 0) return false;
    this.small = withInserted(this.small, this.intset ? at : this.small.length, member);
    this.elementBytes += member.length;
    this.dirty?.mark(member);
    if (this.intset && this.small.length > INTSET_ENTRIES_MAX) this.leaveIntset();
    else if (!this.intset && this.small.length > HASHTABLE_SMALL_MAX) this.enlarge();
    return true;
  }

  /** Positions mean something from now on, therefore all pieces change. */
  private leaveIntset(): void {
    this.intset = false;
    if (this.dirty !== undefined) for (const member of this.small) this.dirty.mark(member);
    if (this.small.length > HASHTABLE_SMALL_MAX) this.enlarge();
  }

  private enlarge(): void {
    this.large = new KeyTable();
    for (const member of this.small) this.large.add(member);
    this.small = NO_MEMBERS;
  }

  /** Takes over what was read, into a new value. */
  private fill(intset: boolean, members: string[]): this {
    for (const member of members) this.elementBytes += member.length;
    this.intset = intset;
    if (intset) {
      this.small = members;
      refuseUnlessIntset(members);
      if (members.length > INTSET_ENTRIES_MAX) this.leaveIntset();
      return this;
    }
    if (members.length <= HASHTABLE_SMALL_MAX) {
      refuseRepetition(members);
      this.small = members;
      return this;
    }
    this.large = new KeyTable();
    for (let i = 0; i < members.length; i++) {
      if (this.large.add(members[i]!) !== i) throw new MalformedBytes("a member is there twice");
    }
    return this;
  }
}

/** How many of the sorted integers are below `member`. */
function lowerBound(sorted: string[], member: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareCanonicalInts(sorted[middle]!, member) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function refuseUnlessIntset(members: string[]): void {
  for (let i = 0; i < members.length; i++) {
    if (!isCanonicalInt64(members[i]!)) throw new MalformedBytes("an intset has a member that is no integer");
    if (i > 0 && compareCanonicalInts(members[i - 1]!, members[i]!) >= 0) {
      throw new MalformedBytes("an intset is not in ascending order");
    }
  }
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag !== FLAG_INTSET && flag !== FLAG_HASHTABLE) throw new MalformedBytes(`a set has no encoding ${flag}`);
  return flag === FLAG_INTSET;
}
