import { KEY_TABLE_ENTRY_BYTES, KeyTable } from "./keyTable.ts";
import { PagedNumbers } from "./pagedNumbers.ts";
import { SCORE_TREE_ENTRY_BYTES, ScoreTree } from "./scoreTree.ts";

/** About how many bytes an entry takes, besides its member. */
export const LARGE_ZSET_ENTRY_BYTES = KEY_TABLE_ENTRY_BYTES + 8 + SCORE_TREE_ENTRY_BYTES;

/** Members at dense positions with their scores, and the tree that orders them. */
export class LargeZSet {
  readonly tree: ScoreTree;
  private readonly table = new KeyTable();
  private readonly scores = new PagedNumbers();

  /**
   * From entries in ascending order; `order[position]` is the rank of the entry at that position, without it they are the
   * same. Where a member is repeated, `length` is smaller than that of `members` afterwards.
   */
  constructor(members: string[], scores: number[], order?: number[]) {
    this.tree = ScoreTree.fromSorted(members, scores);
    for (let position = 0; position < members.length; position++) {
      const rank = order === undefined ? position : order[position]!;
      this.table.add(members[rank]!);
      this.scores.push(scores[rank]!);
    }
  }

  get length(): number {
    return this.table.length;
  }

  /** The position of a member, or -1. */
  positionOf(member: string): number {
    return this.table.find(member);
  }

  memberAt(position: number): string {
    return this.table.keyAt(position);
  }

  scoreAt(position: number): number {
    return this.scores.get(position);
  }

  score(member: string): number | undefined {
    const position = this.table.find(member);
    return position < 0 ? undefined : this.scores.get(position);
  }

  rank(member: string): number | undefined {
    const position = this.table.find(member);
    return position < 0 ? undefined : this.tree.rank(this.scores.get(position), member);
  }

  add(member: string, score: number): "added" | "updated" | "unchanged" {
    const lengthBefore = this.table.length;
    const position = this.table.add(member);
    if (this.table.length > lengthBefore) {
      this.scores.push(score);
      this.tree.insert(score, member);
      return "added";
    }
    const known = this.scores.get(position);
    if (known === score) return "unchanged";
    this.tree.move(this.table.keyAt(position), known, score);
    this.scores.set(position, score);
    return "updated";
  }

  /** Returns the position that the member had, where the last member is now if it was another; or -1. */
  delete(member: string): number {
    const position = this.table.find(member);
    if (position < 0) return -1;
    this.tree.remove(this.scores.get(position), member);
    this.table.removeAt(position);
    this.scores.swapRemove(position);
    return position;
  }
}
