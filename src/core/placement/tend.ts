import type { ClusterLoad } from "./clusterLoad.ts";
import type { Decision } from "./decision.ts";
import { relieveHeat } from "./relieveHeat.ts";
import { restoreReplicas } from "./restoreReplicas.ts";
import { takeBackSpares } from "./takeBackSpares.ts";
import { TEND_LIMITS, type TendLimits } from "./tendLimits.ts";
import { TendRound } from "./tendRound.ts";
import type { TendState } from "./tendState.ts";
import { closeWindow, observe } from "./tendWindows.ts";
import { asPercent, asSeconds } from "./words.ts";

/** What is to be done now, and what must be remembered for the next time. */
export interface Tended {
  readonly decisions: readonly Decision[];
  readonly state: TendState;
}

/**
 * Looks after replicas and heat; called with every report, about once a second. First it replaces lost replicas by spares, then it
 * takes back spares that were lent and are not needed, then it relieves the hottest groups (objective.ts). It decides nothing while
 * much is down or has just failed. What it has decided must be seen in the next load, or it comes again after a minute.
 */
export function tend(load: ClusterLoad, state: TendState, limits: TendLimits = TEND_LIMITS): Tended {
  const round = new TendRound(load, state, limits);
  observe(round);
  const isWindowOver = load.now - (state.windowStartedAt ?? load.now) >= limits.windowMillis;
  const samples = state.samples + 1;
  if (isWindowOver) closeWindow(round, samples);
  const frozen = whyFrozen(load, limits);
  restoreReplicas(round, frozen);
  if (frozen === undefined) takeBackSpares(round);
  relieveHeat(round, frozen);
  return {
    decisions: round.decisions,
    state: {
      windowStartedAt: isWindowOver ? load.now : (state.windowStartedAt ?? load.now),
      samples: isWindowOver ? 0 : samples,
      groups: round.memories,
      movedAt: round.movedAt,
    },
  };
}

/** Why nothing may be changed now; undefined if it may. */
function whyFrozen({ now, workers, lastFailoverAt }: ClusterLoad, limits: TendLimits): string | undefined {
  const down = workers.filter(({ isUp }) => !isUp).length;
  if (down > Math.max(1, workers.length * limits.downShareMax)) {
    const share = asPercent(limits.downShareMax);
    return `nothing is changed now, because ${down} of ${workers.length} workers are down and more than ${share} is too much`;
  }
  if (lastFailoverAt === undefined || now - lastFailoverAt >= limits.quietMillis) return undefined;
  return `nothing is changed now, because a primary failed ${asSeconds(now - lastFailoverAt)} ago and ${asSeconds(limits.quietMillis)} of quiet are kept after that`;
}
