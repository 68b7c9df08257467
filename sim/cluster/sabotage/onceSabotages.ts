import { ByteReader } from "../../../src/base/byteReader.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { MUTATION_SESSION } from "../../../src/core/state/mutation.ts";
import { MutationCursor } from "../../../src/core/state/mutationsOfEntry.ts";
import { Mutator } from "../../../src/core/state/mutator.ts";
import { SessionRow } from "../../../src/core/state/sessionRow.ts";
import { SessionRows } from "../../../src/core/state/sessionRows.ts";
import { KvSessions } from "../../../src/worker/api/kvSessions.ts";
import { exchange } from "../../sabotage/patching.ts";
import type { ClusterOptions } from "../options.ts";
import type { ClusterSabotage } from "./clusterSabotage.ts";
import { withFaults } from "./withFaults.ts";

/** Bugs that one could have made in writes that happen exactly once. */
export const ONCE_SABOTAGES: Readonly<Record<string, ClusterSabotage>> = {
  "what was answered is not remembered": {
    patch: () => exchange(SessionRows.prototype, "add", () => () => undefined),
    options: withSessions,
  },
  "what was answered does not move with the slot": {
    groups: [2, 3],
    patch: () =>
      exchange(Mutator.prototype, "importMutations", (original) => {
        return function (this: Mutator, bytes, start, end) {
          const kept = withoutSessions(bytes, start, end);
          return original.call(this, kept, 0, kept.length);
        };
      }),
    options: withSessions,
  },
  "more is forgotten than was received": {
    patch: () =>
      exchange(SessionRow.prototype, "forgetBelow", (original) => {
        return function (this: SessionRow, firstOpen) {
          original.call(this, firstOpen + 1);
        };
      }),
    options: withSessions,
  },
  "what is forgotten is executed again": {
    patch: () =>
      exchange(SessionRow.prototype, "find", (original) => {
        return function (this: SessionRow, number) {
          if (number < this.firstOpen) this.firstOpen = number;
          return original.call(this, number);
        };
      }),
    options: withSessions,
  },
  "an answer is given again before it is committed": {
    patch: () =>
      exchange(KvSessions.prototype, "mayExecute", (original) => {
        return function (this: KvSessions, call, ...rest) {
          const { dependsOn } = call;
          const mayExecute = original.call(this, call, ...rest);
          if (!mayExecute) call.dependsOn = dependsOn;
          return mayExecute;
        };
      }),
    options: (drawn) => withFaults({ ...withSessions(drawn), machines: 3 }, ["isolation"]),
  },
};

function withSessions(drawn: ClusterOptions): ClusterOptions {
  const { moves } = drawn;
  return {
    ...drawn,
    onceClients: 3,
    ...(moves !== undefined && { moves: { ...moves, flushes: 0, gapMicrosMax: 60_000 } }),
  };
}

/** The same mutations but for those that remember answers. */
function withoutSessions(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const kept = new ByteWriter(end - start);
  const cursor = new MutationCursor().open(new ByteReader(bytes, start, end));
  while (cursor.next()) if (cursor.code !== MUTATION_SESSION) kept.copy(bytes, cursor.start, cursor.end);
  return kept.slice();
}
