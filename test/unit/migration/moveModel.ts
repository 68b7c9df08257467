/**
 * Slots on their way from one group to another, as an abstract machine whose every interleaving can be visited (REPLICATION.md 5.5): a source
 * of two replicas with fail-over, a target with one replicated state, and a coordinator that changes only by compare-and-set.
 */
interface ModelState {
  /** How each source replica sees the slots: 0 open, 1 sealed, 2 closed. What both see is committed. */
  readonly view0: number;
  readonly view1: number;
  /** Writes acknowledged by the source; how many of them the target has; writes acknowledged by the target. */
  readonly sourceWrites: number;
  readonly targetHas: number;
  readonly targetWrites: number;
  readonly isReady: boolean;
  readonly sourceKnowsReady: boolean;
  readonly targetKnowsClosed: boolean;
  readonly isActive: boolean;
  readonly record: "copying" | "flipped" | "aborted";
  readonly violation: string;
}

/** The rules that can be taken away. */
export interface ModelRules {
  readonly close: boolean;
  readonly unsealByRecordOnly: boolean;
  readonly sealIsLogged: boolean;
  readonly sealCommittedBeforeReady: boolean;
  readonly closeCommittedBeforeFlip: boolean;
  readonly flipByRecord: boolean;
}

export const ALL_MODEL_RULES: ModelRules = {
  close: true,
  unsealByRecordOnly: true,
  sealIsLogged: true,
  sealCommittedBeforeReady: true,
  closeCommittedBeforeFlip: true,
  flipByRecord: true,
};

const FIRST: ModelState = {
  view0: 0,
  view1: 0,
  sourceWrites: 0,
  targetHas: 0,
  targetWrites: 0,
  isReady: false,
  sourceKnowsReady: false,
  targetKnowsClosed: false,
  isActive: false,
  record: "copying",
  violation: "",
};

const SOURCE_WRITES_MAX = 3;

interface Step {
  readonly name: string;
  readonly isPossible: boolean;
  readonly change: Partial<ModelState>;
}

/** What clients do, and what they would notice. */
function clientSteps(s: ModelState): Step[] {
  const isLost = s.record === "flipped" ? "the source acknowledged a write after the flip" : "";
  const read = (replica: number, view: number): Step => ({
    name: `source replica ${replica} serves a read`,
    isPossible: view < 2 && s.targetWrites > 0,
    change: { violation: "stale read at the source" },
  });
  return [
    {
      name: "the source acknowledges a write",
      isPossible: s.view0 === 0 && s.sourceWrites < SOURCE_WRITES_MAX,
      change: { sourceWrites: s.sourceWrites + 1, violation: isLost },
    },
    read(0, s.view0),
    read(1, s.view1),
    {
      name: "the target acknowledges a write",
      isPossible: s.isActive && s.targetWrites < 1,
      change: { targetWrites: s.targetWrites + 1 },
    },
    {
      name: "the target serves a read",
      isPossible: s.isActive && s.targetHas < s.sourceWrites,
      change: { violation: "the target misses an acknowledged write" },
    },
  ];
}

function sourceSteps(s: ModelState, rules: ModelRules): Step[] {
  const committed = Math.min(s.view0, s.view1);
  const open = { view0: 0, view1: 0 };
  return [
    { name: "seal", isPossible: s.view0 === 0 && s.record === "copying", change: { view0: 1 } },
    { name: "the secondary prepares", isPossible: s.view1 < s.view0, change: { view1: s.view0 } },
    {
      name: "close",
      isPossible: rules.close && committed === 1 && s.sourceKnowsReady && s.view0 === 1,
      change: { view0: 2 },
    },
    { name: "unseal", isPossible: s.view0 > 0 && s.record === "aborted", change: open },
    { name: "unseal by a timer", isPossible: !rules.unsealByRecordOnly && s.view0 > 0, change: open },
    rules.sealIsLogged
      ? { name: "the secondary takes over", isPossible: true, change: { view0: s.view1 } }
      : { name: "the successor knows of no seal", isPossible: s.view0 > 0 || s.view1 > 0, change: open },
  ];
}

function targetSteps(s: ModelState, rules: ModelRules): Step[] {
  const committed = Math.min(s.view0, s.view1);
  const isCopying = s.record === "copying";
  const mayFlip = s.isReady && (s.targetKnowsClosed || !rules.close);
  const nothing = { isReady: false, sourceKnowsReady: false, targetKnowsClosed: false, targetHas: 0 };
  return [
    { name: "copy", isPossible: s.targetHas < s.sourceWrites && isCopying, change: { targetHas: s.targetHas + 1 } },
    {
      name: "ready",
      isPossible:
        isCopying &&
        !s.isReady &&
        s.targetHas === s.sourceWrites &&
        (committed >= 1 || !rules.sealCommittedBeforeReady),
      change: { isReady: true, sourceKnowsReady: true },
    },
    {
      name: "the target hears that it is closed",
      isPossible:
        s.isReady && !s.targetKnowsClosed && (committed === 2 || (!rules.closeCommittedBeforeFlip && s.view0 === 2)),
      change: { targetKnowsClosed: true },
    },
    {
      name: "flip",
      isPossible: mayFlip && (isCopying || (!rules.flipByRecord && s.record === "aborted")),
      change: { record: "flipped" },
    },
    { name: "activate", isPossible: s.record === "flipped" && !s.isActive, change: { isActive: true } },
    { name: "purge", isPossible: s.record === "aborted" && (s.isReady || s.targetHas > 0), change: nothing },
    { name: "abort", isPossible: isCopying, change: { record: "aborted" } },
  ];
}

export interface Exploration {
  readonly states: number;
  /** In some of them a move has ended, and the target has acknowledged a write. */
  readonly completes: boolean;
  readonly violation: string | undefined;
  /** The shortest way to it. */
  readonly trace: readonly string[];
}

/** Visits every state, nearest first, up to the first violation. */
export function exploreMoves(rules: ModelRules): Exploration {
  const cameFrom = new Map<string, { readonly before: string; readonly name: string } | undefined>();
  const queue: ModelState[] = [FIRST];
  cameFrom.set(JSON.stringify(FIRST), undefined);
  let completes = false;
  for (let at = 0; at < queue.length; at++) {
    const state = queue[at]!;
    completes ||= state.isActive && state.targetWrites > 0;
    for (const { name, isPossible, change } of [
      ...clientSteps(state),
      ...sourceSteps(state, rules),
      ...targetSteps(state, rules),
    ]) {
      if (!isPossible) continue;
      const next = { ...state, ...change };
      const key = JSON.stringify(next);
      if (cameFrom.has(key)) continue;
      cameFrom.set(key, { before: JSON.stringify(state), name });
      if (next.violation !== "") return { states: cameFrom.size, completes, ...storyOf(next, cameFrom) };
      queue.push(next);
    }
  }
  return { states: cameFrom.size, completes, violation: undefined, trace: [] };
}

function storyOf(
  state: ModelState,
  cameFrom: ReadonlyMap<string, { readonly before: string; readonly name: string } | undefined>,
): Pick<Exploration, "violation" | "trace"> {
  const trace: string[] = [];
  for (let step = cameFrom.get(JSON.stringify(state)); step !== undefined; step = cameFrom.get(step.before)) {
    trace.unshift(step.name);
  }
  return { violation: state.violation, trace };
}
