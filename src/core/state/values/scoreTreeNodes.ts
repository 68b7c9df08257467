/** Entries of a leaf and children of an inner node: at most, and below which a node looks for one to merge with. */
export const NODE_MAX = 64;
const NODE_MIN = 16;
/** Two neighbours are merged only if some room is left, so that the next insertion does not split them again. */
const MERGED_MAX = 48;

/** Members with their scores in order, and the leaves on both sides. */
export class Leaf {
  readonly isLeaf = true;
  members: string[];
  scores: number[];
  next: Leaf | undefined = undefined;
  previous: Leaf | undefined = undefined;

  constructor(members: string[], scores: number[]) {
    this.members = members;
    this.scores = scores;
  }

  get size(): number {
    return this.members.length;
  }

  /** How many entries are before (score, member). */
  lowerBound(score: number, member: string): number {
    const { scores, members } = this;
    let low = 0;
    let high = scores.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = scores[middle]!;
      if (other < score || (other === score && members[middle]! < member)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insertAt(index: number, score: number, member: string): void {
    const { scores, members } = this;
    let at = members.length;
    if (at === index) {
      scores.push(score);
      members.push(member);
      return;
    }
    scores.push(scores[at - 1]!);
    members.push(members[at - 1]!);
    for (at--; at > index; at--) {
      scores[at] = scores[at - 1]!;
      members[at] = members[at - 1]!;
    }
    scores[index] = score;
    members[index] = member;
  }

  removeAt(index: number): void {
    const { scores, members } = this;
    const last = members.length - 1;
    for (let at = index; at < last; at++) {
      scores[at] = scores[at + 1]!;
      members[at] = members[at + 1]!;
    }
    scores.pop();
    members.pop();
  }

  /** Splits the entries from `from` on off into a new leaf to the right. */
  split(from: number): Leaf {
    const right = new Leaf(this.members.slice(from), this.scores.slice(from));
    this.members.length = from;
    this.scores.length = from;
    right.next = this.next;
    right.previous = this;
    if (right.next) right.next.previous = right;
    this.next = right;
    return right;
  }

  absorb(right: Leaf): void {
    for (const member of right.members) this.members.push(member);
    for (const score of right.scores) this.scores.push(score);
    this.next = right.next;
    if (this.next) this.next.previous = this;
  }
}

/**
 * Children with the number of entries under each. `lowScores[i], lowMembers[i]` is a bound: it is above every entry of
 * child i - 1 and not above any of child i. The first is not needed to find a child: it is the bound that the parent has for
 * this node, and becomes one of its left neighbour's when the two are merged.
 */
export class Inner {
  readonly isLeaf = false;
  children: Node[];
  counts: number[];
  lowScores: number[];
  lowMembers: string[];

  constructor(children: Node[], counts: number[], lowScores: number[], lowMembers: string[]) {
    this.children = children;
    this.counts = counts;
    this.lowScores = lowScores;
    this.lowMembers = lowMembers;
  }

  get size(): number {
    return this.children.length;
  }

  /** The number of entries under this node. */
  total(): number {
    return this.countBefore(this.counts.length);
  }

  /** The number of entries under the children before `index`. */
  countBefore(index: number): number {
    const { counts } = this;
    let sum = 0;
    for (let i = 0; i < index; i++) sum += counts[i]!;
    return sum;
  }

  /** The child in which (score, member) is or would be. */
  childOf(score: number, member: string): number {
    const { lowScores, lowMembers } = this;
    let low = 0;
    let high = lowScores.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const other = lowScores[middle]!;
      if (other < score || (other === score && lowMembers[middle]! <= member)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  insertChild(index: number, child: Node, count: number, lowScore: number, lowMember: string): void {
    this.children.splice(index, 0, child);
    this.counts.splice(index, 0, count);
    this.lowScores.splice(index, 0, lowScore);
    this.lowMembers.splice(index, 0, lowMember);
  }

  split(from: number): Inner {
    return new Inner(
      this.children.splice(from),
      this.counts.splice(from),
      this.lowScores.splice(from),
      this.lowMembers.splice(from),
    );
  }

  /** After an entry was removed from child `index`: merges the child with a neighbour if both together are small. */
  tidyChild(index: number): void {
    const size = this.children[index]!.size;
    if (size >= NODE_MIN || this.children.length === 1) return;
    if (index > 0 && canMerge(this.children[index - 1]!.size, size)) this.mergeWithNext(index - 1);
    else if (index + 1 < this.children.length && canMerge(size, this.children[index + 1]!.size))
      this.mergeWithNext(index);
  }

  private mergeWithNext(index: number): void {
    const left = this.children[index]!;
    const right = this.children[index + 1]!;
    if (left.isLeaf && right.isLeaf) left.absorb(right);
    else if (!left.isLeaf && !right.isLeaf) left.absorbInner(right);
    this.counts[index]! += this.counts[index + 1]!;
    this.children.splice(index + 1, 1);
    this.counts.splice(index + 1, 1);
    this.lowScores.splice(index + 1, 1);
    this.lowMembers.splice(index + 1, 1);
  }

  private absorbInner(right: Inner): void {
    this.children.push(...right.children);
    this.counts.push(...right.counts);
    this.lowScores.push(...right.lowScores);
    this.lowMembers.push(...right.lowMembers);
  }
}

export type Node = Leaf | Inner;

/** An empty node always goes, whatever the size of its neighbour. */
function canMerge(left: number, right: number): boolean {
  return left + right <= MERGED_MAX || left === 0 || right === 0;
}
