import { decodeLatin1 } from "../../../src/base/latin1.ts";
import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";

const VALUE = /c\d+:\d+;/g;

/** In the end the committed log of some group has every value of which a client was told that it was written, and none that was refused. */
export function checkAcknowledged(world: ClusterWorld): void {
  const kept = new Set<string>();
  for (const { ghost } of world.groups) {
    for (let seq = 1; seq <= ghost.committedSeq; seq++) {
      const content = ghost.content(ghost.committedEpoch(seq)!, seq);
      if (content !== undefined) for (const [value] of decodeLatin1(content).matchAll(VALUE)) kept.add(value);
    }
  }
  for (const operation of world.history.operations()) {
    if (!("value" in operation)) continue;
    const { value, outcome, reply, id, key } = operation;
    const isDone = outcome === "ok" && reply !== false;
    if (isDone && !kept.has(value)) {
      world.fail(new Violation("acknowledged is kept", `#${id} of ${key}: ${value} is in no committed entry`));
    }
    if (outcome === "refused" && kept.has(value)) {
      world.fail(new Violation("refused stays refused", `#${id} of ${key}: ${value} was committed`));
    }
  }
}
