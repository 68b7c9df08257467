import {
  type Contender,
  type Durability,
  type HoldfastProgram,
  holdfastContender,
  redisContender,
  redisWithoutLogContender,
} from "./servers.ts";

/** Who is compared under one promise. Ratios are Holdfast to `reference`, which promises the same. */
export interface Lineup {
  durability: Durability;
  reference: Contender;
  holdfast: Contender;
  /** Redis that writes no log at all: it promises less, and shows what the promise costs. */
  unlogged: Contender | undefined;
}

/** How the programs of a run are started. */
export interface Programs {
  /** Undefined compares Redis with a second Redis: the ratios then show the noise of the measurement itself. */
  holdfast: HoldfastProgram | undefined;
  redisArgs: readonly string[];
}

export function lineupFor(durability: Durability, programs: Programs): Lineup {
  const fsync = durability === "sync" ? "always" : "everysec";
  const reference = redisContender(fsync, programs.redisArgs);
  return {
    durability,
    reference,
    holdfast: holdfastOrTwin(durability, programs),
    unlogged: durability === "sync" ? undefined : redisWithoutLogContender(programs.redisArgs),
  };
}

function holdfastOrTwin(durability: Durability, programs: Programs): Contender {
  if (programs.holdfast !== undefined) return holdfastContender(durability, programs.holdfast);
  const twin = redisContender(durability === "sync" ? "always" : "everysec", programs.redisArgs);
  return { ...twin, name: "redis twin" };
}
