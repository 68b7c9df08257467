import { Inner, Leaf, NODE_MAX, type Node } from "./scoreTreeNodes.ts";

/** How full nodes are made from sorted input: some room is left for what comes later. */
const BULK_FILL = 56;

/** About how many bytes of nodes an entry takes: member and score, 16 bytes in a leaf that is full by two thirds. */
export const SCORE_TREE_ENTRY_BYTES = 28;

/** Where an entry is: its leaf and the index in it. */
interface Place {
  leaf: Leaf;
  index: number;
}

/**
 * Members ordered by (score, bytes of the member), with ranks: a B+tree whose inner nodes count the entries below each
 * child (a counted B-tree). It does what Redis's skip list does, in fewer and fuller pieces of memory. JavaScript compares
 * strings by char, which for latin1 strings is memcmp.
 */
export class ScoreTree {
  private root: Node = new Leaf([], unboxed([], 0, 0));
  length = 0;

  /** Builds the tree from entries in strictly ascending order. */
  static fromSorted(members: string[], scores: number[]): ScoreTree {
    const tree = new ScoreTree();
    tree.length = members.length;
    if (members.length === 0) return tree;
    let level: Node[] = leavesOf(members, scores);
    let lows = level.map((leaf) => ({ score: (leaf as Leaf).scores[0]!, member: (leaf as Leaf).members[0]! }));
    while (level.length > 1) {
      const parents: Node[] = [];
      const parentLows: typeof lows = [];
      for (let at = 0; at < level.length; at += BULK_FILL) {
        const children = level.slice(at, at + BULK_FILL);
        const childLows = lows.slice(at, at + BULK_FILL);
        parentLows.push(childLows[0]!);
        parents.push(
          new Inner(
            children,
            children.map(entriesUnder),
            childLows.map((low) => low.score),
            childLows.map((low) => low.member),
          ),
        );
      }
      level = parents;
      lows = parentLows;
    }
    tree.root = level[0]!;
    return tree;
  }

  /** Puts in an entry that is not there. */
  insert(score: number, member: string): void {
    const { root } = this;
    const right = insertUnder(root, score, member);
    this.length++;
    if (right === undefined) return;
    const low = lowOf(right);
    this.root = new Inner(
      [root, right],
      [entriesUnder(root), entriesUnder(right)],
      [low.score, low.score],
      [low.member, low.member],
    );
  }

  /** Returns false when there is no such entry. */
  remove(score: number, member: string): boolean {
    if (!removeUnder(this.root, score, member)) return false;
    this.length--;
    while (!this.root.isLeaf && this.root.children.length === 1) this.root = this.root.children[0]!;
    return true;
  }

  /** Gives an entry another score. A small change, such as an increment, mostly stays between the same neighbours. */
  move(member: string, score: number, newScore: number): void {
    let node = this.root;
    while (!node.isLeaf) node = node.children[node.childOf(score, member)]!;
    const { scores, members } = node;
    const index = node.lowerBound(score, member);
    const inside = index > 0 && index < members.length - 1 && members[index] === member;
    if (
      inside &&
      before(scores, members, index - 1, newScore, member) &&
      !before(scores, members, index + 1, newScore, member)
    ) {
      scores[index] = newScore;
      return;
    }
    this.remove(score, member);
    this.insert(newScore, member);
  }

  /** How many entries are before (score, member): the rank of that entry, if it is there. */
  rank(score: number, member: string): number {
    let node = this.root;
    let rank = 0;
    while (!node.isLeaf) {
      const child = node.childOf(score, member);
      rank += node.countBefore(child);
      node = node.children[child]!;
    }
    return rank + node.lowerBound(score, member);
  }

  /** How many entries have a score below `min`, or not above it when `exclusive`. */
  rankOfScore(min: number, exclusive: boolean): number {
    return this.rankWhere((score) => score < min || (exclusive && score === min));
  }

  /** How many entries have a member below `min`, or not above it when `exclusive`; for a tree of equal scores. */
  rankOfMember(min: string, exclusive: boolean): number {
    return this.rankWhere((_, member) => member < min || (exclusive && member === min));
  }

  /** Visits the ranks [start, end), which must be in range, from low to high. */
  forRange(start: number, end: number, visit: (member: string, score: number) => void): void {
    if (start >= end) return;
    const place = this.placeOf(start);
    let { index } = place;
    let leaf: Leaf | undefined = place.leaf;
    for (let left = end - start; leaf !== undefined && left > 0; leaf = leaf.next, index = 0) {
      const { members, scores } = leaf;
      for (; index < members.length && left > 0; index++, left--) visit(members[index]!, scores[index]!);
    }
  }

  /** Visits the ranks [start, end), which must be in range, from high to low. */
  forRangeReverse(start: number, end: number, visit: (member: string, score: number) => void): void {
    if (start >= end) return;
    const place = this.placeOf(end - 1);
    let { index } = place;
    let leaf: Leaf | undefined = place.leaf;
    for (let left = end - start; leaf !== undefined && left > 0; ) {
      const { members, scores } = leaf;
      for (; index >= 0 && left > 0; index--, left--) visit(members[index]!, scores[index]!);
      leaf = leaf.previous;
      if (leaf !== undefined) index = leaf.members.length - 1;
    }
  }

  /** The entry at a rank, which must be in range. */
  at(rank: number): { member: string; score: number } {
    const { leaf, index } = this.placeOf(rank);
    return { member: leaf.members[index]!, score: leaf.scores[index]! };
  }

  private placeOf(rank: number): Place {
    let node = this.root;
    let index = rank;
    while (!node.isLeaf) {
      const { counts } = node;
      let child = 0;
      while (index >= counts[child]!) index -= counts[child++]!;
      node = node.children[child]!;
    }
    return { leaf: node, index };
  }

  /** How many entries satisfy `isBefore`, which holds for a first part of the order. */
  private rankWhere(isBefore: (score: number, member: string) => boolean): number {
    let node = this.root;
    let rank = 0;
    while (!node.isLeaf) {
      const { lowScores, lowMembers } = node;
      let low = 0;
      let high = lowScores.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (isBefore(lowScores[middle]!, lowMembers[middle]!)) low = middle;
        else high = middle - 1;
      }
      rank += node.countBefore(low);
      node = node.children[low]!;
    }
    const { scores, members } = node;
    let low = 0;
    let high = scores.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(scores[middle]!, members[middle]!)) low = middle + 1;
      else high = middle;
    }
    return rank + low;
  }
}

function before(scores: number[], members: string[], index: number, score: number, member: string): boolean {
  return scores[index]! < score || (scores[index] === score && members[index]! < member);
}

function entriesUnder(node: Node): number {
  return node.isLeaf ? node.size : node.total();
}

/** The bound of a node that was just split off. */
function lowOf(node: Node): { score: number; member: string } {
  return node.isLeaf
    ? { score: node.scores[0]!, member: node.members[0]! }
    : { score: node.lowScores[0]!, member: node.lowMembers[0]! };
}

/** Returns the new right neighbour of `node` if it had to be split. */
function insertUnder(node: Node, score: number, member: string): Node | undefined {
  if (node.isLeaf) return insertIntoLeaf(node, score, member);
  const index = node.childOf(score, member);
  const right = insertUnder(node.children[index]!, score, member);
  if (right === undefined) {
    node.counts[index]!++;
    return undefined;
  }
  const low = lowOf(right);
  const moved = entriesUnder(right);
  node.counts[index]! += 1 - moved;
  node.insertChild(index + 1, right, moved, low.score, low.member);
  if (node.size <= NODE_MAX) return undefined;
  return node.split(index + 2 === node.size ? node.size - 1 : node.size >>> 1);
}

/** Entries that arrive in ascending order, such as times, leave full nodes behind: a split at the end moves nothing. */
function insertIntoLeaf(leaf: Leaf, score: number, member: string): Leaf | undefined {
  const index = leaf.lowerBound(score, member);
  leaf.insertAt(index, score, member);
  if (leaf.size <= NODE_MAX) return undefined;
  return leaf.split(leaf.next === undefined && index === leaf.size - 1 ? index : leaf.size >>> 1);
}

function removeUnder(node: Node, score: number, member: string): boolean {
  if (node.isLeaf) {
    const index = node.lowerBound(score, member);
    if (node.members[index] !== member || node.scores[index] !== score) return false;
    node.removeAt(index);
    return true;
  }
  const index = node.childOf(score, member);
  if (!removeUnder(node.children[index]!, score, member)) return false;
  node.counts[index]!--;
  node.tidyChild(index);
  return true;
}

function leavesOf(members: string[], scores: number[]): Leaf[] {
  const leaves: Leaf[] = [];
  for (let at = 0; at < members.length; at += BULK_FILL) {
    const leaf = new Leaf(members.slice(at, at + BULK_FILL), unboxed(scores, at, at + BULK_FILL));
    const previous = leaves.at(-1);
    leaf.previous = previous;
    if (previous) previous.next = leaf;
    leaves.push(leaf);
  }
  return leaves;
}

/**
 * A copy of a range as an array in which V8 keeps the numbers themselves and no references to boxed ones, whatever kind of
 * array they come from. It stays so when leaves are split, and saves 16 bytes an entry and a memory access a comparison.
 */
function unboxed(scores: number[], start: number, end: number): number[] {
  const copy = [0.5];
  copy.pop();
  for (let i = start; i < end && i < scores.length; i++) copy.push(scores[i]!);
  return copy;
}
