import type { Prng } from "../../src/base/prng.ts";
import { Violation } from "../violation.ts";
import { ClusterClient } from "./clusterClient.ts";
import type { ClusterWorld } from "./clusterWorld.ts";
import { OnceClient } from "./once/onceClient.ts";
import type { Requests } from "./requests.ts";

/** As many clients as the world is to have. */
export function clientsOf(world: ClusterWorld, requests: Requests, prng: Prng): readonly ClusterClient[] {
  const { scheduler, options, tags } = world;
  return Array.from({ length: options.clients }, (_, id) => {
    return new ClusterClient({
      ...{ id, prng: prng.fork(`client ${id}`), scheduler, options, requests, tags },
      isFull: () => world.isHistoryFull,
      serving: () => world.serving,
      trace: (line) => world.trace(line),
      count: (what) => world.count(what),
      surprised: (what) => world.fail(new Violation("clients are told what they may be told", what)),
    });
  });
}

/** Those that have sessions. */
export function onceClientsOf(world: ClusterWorld, prng: Prng): readonly OnceClient[] {
  const { options, onceWrites } = world;
  // A flush deletes what is remembered, too.
  const length = (options.moves?.flushes ?? 0) > 0 ? 0 : options.onceClients;
  return Array.from({ length }, (_, id) => {
    return new OnceClient(world, onceWrites, id, prng.fork(`client ${id}`));
  });
}
