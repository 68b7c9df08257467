import type { Lineup } from "./lineup.ts";
import { type MemoryResult, measureMemory } from "./memory.ts";
import { measureRestarts, type RestartResult } from "./restart.ts";
import { type Contender, type Host, Server } from "./servers.ts";

/** What is wanted of servers that hold a million keys. */
export interface AtRestPlan {
  wantsMemory: boolean;
  wantsRestarts: boolean;
  rounds: number;
}

export interface AtRestResults {
  memory: MemoryResult[];
  restarts: RestartResult[];
}

/** Name of the Redis whose log holds every write; see `replayContender`. */
export const replayName = "redis log replay";

const millionStrings = { kind: "strings", keys: 1_000_000, valueBytes: 100 } as const;

/** Measures memory, disk and restart at one million keys, one server after the other, from an empty directory each. */
export async function measureAtRest(lineup: Lineup, host: Host, plan: AtRestPlan): Promise<AtRestResults> {
  const results: AtRestResults = { memory: [], restarts: [] };
  for (const contender of contendersFor(lineup, plan)) {
    const server = await Server.start(contender, host);
    try {
      const memory = await measureMemory(server, millionStrings);
      if (plan.wantsMemory && contender.name !== replayName) results.memory.push(memory);
      if (plan.wantsRestarts && contender !== lineup.unlogged) {
        results.restarts.push(...(await measureRestarts(server, millionStrings.keys, plan.rounds)));
      }
    } finally {
      server.discard();
    }
  }
  return results;
}

function contendersFor(lineup: Lineup, plan: AtRestPlan): Contender[] {
  const contenders = [lineup.reference, lineup.holdfast];
  if (plan.wantsMemory && lineup.unlogged !== undefined) contenders.unshift(lineup.unlogged);
  if (plan.wantsRestarts) contenders.unshift(replayContender(lineup.reference));
  return contenders;
}

/**
 * Redis that never rewrites its log and so replays every command when it starts. With its defaults it has replaced most
 * of the log by a snapshot by the time a million keys are loaded, and starts faster; both are measured.
 */
function replayContender(reference: Contender): Contender {
  return {
    name: replayName,
    command: (port, dataDirectory) => [
      ...reference.command(port, dataDirectory),
      ...["--auto-aof-rewrite-percentage", "0"],
    ],
  };
}
