import { type ByteReader, MalformedBytes } from "../../../base/byteReader.ts";
import { ByteWriter } from "../../../base/byteWriter.ts";
import { invariant } from "../../../base/invariant.ts";
import {
  type Collection,
  type EncodingName,
  LISTPACK_ELEMENT_BYTES_MAX,
  type PieceSink,
  type StoredPiece,
  VALUE_ZSET,
  ZSET_LISTPACK_ENTRIES_MAX,
} from "./collection.ts";
import { DirtyNames } from "./dirtyNames.ts";
import { LARGE_ZSET_ENTRY_BYTES, LargeZSet } from "./largeZSet.ts";
import { orderOfPieces, readPieces, scanStep } from "./pieceOrder.ts";
import { refuseRepetition } from "./refuseRepetition.ts";
import { withInserted, withNumberInserted } from "./smallArray.ts";
import { LARGE_VALUE_BYTES, REFERENCE_BYTES, SECOND_ARRAY_BYTES, SMALL_VALUE_BYTES, TEXT_BYTES } from "./textCost.ts";

const FLAG_LISTPACK = 0;
/** A small set with a long member: two sorted arrays as a "listpack", of which only the name is missing. */
const FLAG_SMALL_SKIPLIST = 1;
/** Has positions, and stays large when it shrinks, so that a ZSCAN that is under way finds them again. */
const FLAG_LARGE_SKIPLIST = 2;

/** So many entries stay in sorted arrays in memory, whatever the encoding is called. */
const SMALL_ENTRIES_MAX = ZSET_LISTPACK_ENTRIES_MAX;
const NO_MEMBERS: string[] = [];
const NO_SCORES: number[] = [];

export interface ScoredMember {
  member: string;
  score: number;
}

/**
 * A sorted set, ordered by score and then by the bytes of the member. Ranks are 0-based from the lowest. Ranges are
 * clamped to what is there. In memory a small one is two sorted arrays, a large one a table and a tree.
 */
export class ZSetValue implements Collection {
  private members: string[] = NO_MEMBERS;
  private scores: number[] = NO_SCORES;
  private large: LargeZSet | undefined = undefined;
  private listpack = true;
  private elementBytes = 0;
  private dirty: DirtyNames | undefined = undefined;

  get type(): number {
    return VALUE_ZSET;
  }

  get length(): number {
    return this.large === undefined ? this.members.length : this.large.length;
  }

  get memoryBytes(): number {
    const perEntry = this.large === undefined ? 2 * REFERENCE_BYTES : LARGE_ZSET_ENTRY_BYTES;
    const base = this.large === undefined ? SMALL_VALUE_BYTES + SECOND_ARRAY_BYTES : LARGE_VALUE_BYTES;
    return base + this.elementBytes + this.length * (perEntry + TEXT_BYTES);
  }

  get encoding(): EncodingName {
    return this.listpack ? "listpack" : "skiplist";
  }

  score(member: string): number | undefined {
    if (this.large !== undefined) return this.large.score(member);
    const at = this.members.indexOf(member);
    return at < 0 ? undefined : this.scores[at];
  }

  /** `score` is no NaN. 0 and -0 are equal: the one that is there stays. */
  add(member: string, score: number): "added" | "updated" | "unchanged" {
    invariant(!Number.isNaN(score), "a score is not a number");
    const outcome = this.large === undefined ? this.addSmall(member, score) : this.large.add(member, score);
    if (outcome === "unchanged") return outcome;
    this.dirty?.mark(member);
    if (outcome === "updated") return outcome;
    this.elementBytes += member.length;
    if (member.length > LISTPACK_ELEMENT_BYTES_MAX || this.length > ZSET_LISTPACK_ENTRIES_MAX) this.listpack = false;
    if (this.large === undefined && this.members.length > SMALL_ENTRIES_MAX) this.enlarge();
    return outcome;
  }

  /** Returns whether the member was there. */
  delete(member: string): boolean {
    const { large, dirty } = this;
    if (large === undefined) {
      const at = this.members.indexOf(member);
      if (at < 0) return false;
      this.members.splice(at, 1);
      this.scores.splice(at, 1);
    } else {
      const position = large.delete(member);
      if (position < 0) return false;
      if (dirty !== undefined && position < large.length) dirty.mark(large.memberAt(position));
    }
    this.elementBytes -= member.length;
    dirty?.mark(member);
    return true;
  }

  rank(member: string): number | undefined {
    if (this.large !== undefined) return this.large.rank(member);
    const at = this.members.indexOf(member);
    return at < 0 ? undefined : at;
  }

  /** The element at a rank; `undefined` outside of [0, length). */
  at(rank: number): ScoredMember | undefined {
    if (!(rank >= 0 && rank < this.length)) return undefined;
    if (this.large !== undefined) return this.large.tree.at(rank);
    return { member: this.members[rank]!, score: this.scores[rank]! };
  }

  /** Visits the ranks [start, endExclusive) from low to high. `visit` must not change the set. */
  forRange(start: number, endExclusive: number, visit: (member: string, score: number) => void): void {
    const first = Math.max(0, start);
    const end = Math.min(this.length, endExclusive);
    if (this.large !== undefined) this.large.tree.forRange(first, end, visit);
    else for (let rank = first; rank < end; rank++) visit(this.members[rank]!, this.scores[rank]!);
  }

  /** Visits the ranks [start, endExclusive) from high to low. `visit` must not change the set. */
  forRangeReverse(start: number, endExclusive: number, visit: (member: string, score: number) => void): void {
    const first = Math.max(0, start);
    const end = Math.min(this.length, endExclusive);
    if (this.large !== undefined) this.large.tree.forRangeReverse(first, end, visit);
    else for (let rank = end - 1; rank >= first; rank--) visit(this.members[rank]!, this.scores[rank]!);
  }

  /** The rank of the first element with score >= min (> min when exclusive); `length` when there is none. */
  firstRankByScore(min: number, exclusive: boolean): number {
    if (this.large !== undefined) return this.large.tree.rankOfScore(min, exclusive);
    const { scores } = this;
    return firstWhere(scores.length, (rank) => (exclusive ? scores[rank]! > min : scores[rank]! >= min));
  }

  /** The rank of the first element with member >= `member` (> when exclusive), where all scores are equal. */
  firstRankByLex(member: string, exclusive: boolean): number {
    if (this.large !== undefined) return this.large.tree.rankOfMember(member, exclusive);
    const { members } = this;
    return firstWhere(members.length, (rank) => (exclusive ? members[rank]! > member : members[rank]! >= member));
  }

  /** A member at a position in [0, length), in an order of no meaning; O(1), for random choice. */
  memberAt(index: number): string | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.large === undefined ? this.members[index] : this.large.memberAt(index);
  }

  /** The score of `memberAt(index)`. */
  scoreAt(index: number): number | undefined {
    if (!(index >= 0 && index < this.length)) return undefined;
    return this.large === undefined ? this.scores[index] : this.large.scoreAt(index);
  }

  /**
   * One step of ZSCAN: visits about `count` members (of a small set: all) and returns the next cursor, 0 at the end. What
   * is in the set from the first step to the last is visited, whatever else changes in between.
   */
  scan(cursor: number, count: number, visit: (member: string, score: number) => void): number {
    const { large } = this;
    if (large === undefined) {
      this.forRange(0, this.length, visit);
      return 0;
    }
    const { from, to } = scanStep(cursor, count, large.length);
    for (let i = from - 1; i >= to; i--) visit(large.memberAt(i), large.scoreAt(i));
    return to;
  }

  /** Entries go in order of rank, with their positions behind them if they have any. */
  encode(writer: ByteWriter): void {
    const { large } = this;
    this.encodeHeader(writer);
    writer.varint(this.length);
    this.forRange(0, this.length, (member, score) => {
      writer.lengthText(member);
      writer.f64(score);
      if (large !== undefined) writer.varint(large.positionOf(member));
    });
  }

  static decode(reader: ByteReader): ZSetValue {
    const flag = readFlag(reader);
    const count = reader.varint();
    // An entry takes nine bytes or more, so a count that lies cannot make room for more than was sent.
    if (count > reader.remaining / 9) throw new MalformedBytes(`a sorted set of ${count} members ends too early`);
    const isLarge = flag === FLAG_LARGE_SKIPLIST;
    refuseTooSmall(flag, count);
    const members: string[] = isLarge ? [] : new Array(count);
    const scores: number[] = isLarge ? [] : new Array(count);
    const positions: number[] = [];
    for (let i = 0; i < count; i++) {
      members[i] = reader.lengthText();
      scores[i] = readScore(reader);
      if (isLarge) positions.push(reader.varint());
    }
    refuseUnlessSorted(members, scores);
    const value = new ZSetValue();
    if (!isLarge) return value.fillSmall(flag, members, scores);
    const { order, intact } = orderOfPieces(positions);
    if (!intact) throw new MalformedBytes("the positions of a sorted set have gaps");
    return value.fillLarge(members, scores, order);
  }

  get inPieces(): boolean {
    return this.dirty !== undefined;
  }

  beginPieces(): void {
    this.dirty = new DirtyNames();
  }

  encodeHeader(writer: ByteWriter): void {
    writer.u8(this.large !== undefined ? FLAG_LARGE_SKIPLIST : this.listpack ? FLAG_LISTPACK : FLAG_SMALL_SKIPLIST);
  }

  get dirtyPieces(): number {
    return this.dirty === undefined ? 0 : this.dirty.count(this.length);
  }

  /** A piece is a member: its name the member, its content the position (0 in a small set) and the score. */
  takeDirtyPieces(sink: PieceSink): void {
    const { dirty, large, members } = this;
    if (dirty === undefined) return;
    const writer = new ByteWriter(32);
    const put = (position: number): void => this.putPiece(sink, writer, position);
    if (large === undefined) dirty.spell(members);
    dirty.take(this.length, sink, put, (member) => {
      const position = large === undefined ? members.indexOf(member) : large.positionOf(member);
      if (position < 0) sink.delete(member);
      else put(position);
    });
  }

  static fromPieces(header: ByteReader, pieces: Iterable<StoredPiece>): ZSetValue {
    const flag = readFlag(header);
    const read: number[] = [];
    const { names, positions } = readPieces(pieces, (content) => read.push(readScore(content)));
    const ranks = names.map((_, i) => i);
    ranks.sort((left, right) => read[left]! - read[right]! || compareTexts(names[left]!, names[right]!));
    const members = ranks.map((i) => names[i]!);
    const scores = ranks.map((i) => read[i]!);
    refuseUnlessSorted(members, scores);
    const value = new ZSetValue();
    value.dirty = new DirtyNames();
    value.dirty.forget();
    refuseTooSmall(flag, members.length);
    if (flag !== FLAG_LARGE_SKIPLIST) return value.fillSmall(flag, members, scores);
    const rankPositions = ranks.map((i) => positions[i]!);
    const { order, intact } = orderOfPieces(rankPositions);
    value.fillLarge(members, scores, order);
    if (!intact)
      for (let i = 0; i < order.length; i++) if (rankPositions[order[i]!] !== i) value.dirty.mark(members[order[i]!]!);
    return value;
  }

  private putPiece(sink: PieceSink, writer: ByteWriter, position: number): void {
    writer.reset();
    writer.varint(this.large === undefined ? 0 : position);
    writer.f64(this.scoreAt(position)!);
    sink.put(this.memberAt(position)!, writer);
  }

  private addSmall(member: string, score: number): "added" | "updated" | "unchanged" {
    const known = this.members.indexOf(member);
    if (known >= 0) {
      if (this.scores[known] === score) return "unchanged";
      this.members.splice(known, 1);
      this.scores.splice(known, 1);
    }
    const { members, scores } = this;
    const at = firstWhere(
      members.length,
      (rank) => scores[rank]! > score || (scores[rank] === score && members[rank]! > member),
    );
    this.members = withInserted(members, at, member);
    this.scores = withNumberInserted(scores, at, score);
    return known >= 0 ? "updated" : "added";
  }

  /** Positions mean something from now on, therefore all pieces change. */
  private enlarge(): void {
    const { members, scores, dirty } = this;
    this.large = new LargeZSet(members, scores);
    if (dirty !== undefined) for (const member of members) dirty.mark(member);
    this.members = NO_MEMBERS;
    this.scores = NO_SCORES;
  }

  /** Takes over what was read in order of rank, into a new value. */
  private fillSmall(flag: number, members: string[], scores: number[]): this {
    refuseRepetition(members);
    for (const member of members) this.elementBytes += member.length;
    this.listpack = flag === FLAG_LISTPACK && members.every((member) => member.length <= LISTPACK_ELEMENT_BYTES_MAX);
    this.members = members;
    this.scores = scores;
    return this;
  }

  /** The same for a large one; `order[position]` is the rank of the entry at that position. */
  private fillLarge(members: string[], scores: number[], order: number[]): this {
    for (const member of members) this.elementBytes += member.length;
    this.listpack = false;
    this.large = new LargeZSet(members, scores, order);
    if (this.large.length !== members.length) throw new MalformedBytes("a member is there twice");
    return this;
  }
}

/** The first rank in [0, length) from which on `test` holds, or `length`. */
function firstWhere(length: number, test: (rank: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function refuseUnlessSorted(members: string[], scores: number[]): void {
  for (let i = 1; i < members.length; i++) {
    const ascending = scores[i - 1]! < scores[i]! || (scores[i - 1] === scores[i] && members[i - 1]! < members[i]!);
    if (!ascending) throw new MalformedBytes("a sorted set is not in ascending order");
  }
}

function readScore(reader: ByteReader): number {
  const score = reader.f64();
  if (Number.isNaN(score)) throw new MalformedBytes("a score is not a number");
  return score;
}

function readFlag(reader: ByteReader): number {
  const flag = reader.u8();
  if (flag > FLAG_LARGE_SKIPLIST) throw new MalformedBytes(`a sorted set has no encoding ${flag}`);
  return flag;
}

/** A small set never has more than `SMALL_ENTRIES_MAX`. */
function refuseTooSmall(flag: number, count: number): void {
  if (flag !== FLAG_LARGE_SKIPLIST && count > SMALL_ENTRIES_MAX) {
    throw new MalformedBytes(`a small sorted set has ${count} members`);
  }
}
