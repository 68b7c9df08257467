import { SLOT_CLOSED, SLOT_OWNED, SLOT_SEALED, type SlotState, SlotTable } from "../../../src/core/slots/slotTable.ts";
import { MASTERS } from "../../../src/master/masterRecord.ts";
import { SlotAccess } from "../../../src/worker/slots/slotAccess.ts";
import { exchange } from "../../sabotage/patching.ts";
import type { ClusterOptions } from "../options.ts";
import type { ClusterSabotage } from "./clusterSabotage.ts";

const SEVERAL = [2, 3] as const;

/** Bugs that one could have made in moving slots (docs/adr/0014-moving-slots.md). The worlds of several groups must find each of them. */
export const MOVE_SABOTAGES: Readonly<Record<string, ClusterSabotage>> = {
  "a move is ready before its source is sealed": {
    groups: SEVERAL,
    moveRules: { sealBeforeReady: false },
  },
  "a move is ready before everything up to the seal is there": {
    groups: SEVERAL,
    moveRules: { drainBeforeReady: false },
    options: (drawn) => withMoves({ ...drawn, pauseMicrosMax: 8_000, readPerCent: 20 }, {}),
  },
  "a seal is not logged": {
    groups: SEVERAL,
    moveRules: { sealIsLogged: false },
  },
  "the source is not closed before the flip": {
    groups: SEVERAL,
    moveRules: { closeBeforeFlip: false },
  },
  "a close is told before it is committed": {
    groups: SEVERAL,
    moveRules: { closeCommittedBeforeFlip: false },
  },
  "a move is flipped before it is committed that all is there": {
    groups: SEVERAL,
    moveRules: { readyCommittedBeforeFlip: false },
    options: (drawn) => withMoves(drawn, { ambushPerCent: 50 }),
  },
  "a move is flipped whatever its record says": {
    groups: SEVERAL,
    moveRules: { flipByRecord: false },
    options: (drawn) => withMoves(drawn, { cancelPerCent: 60 }),
  },
  "a source opens again after a while": {
    groups: SEVERAL,
    moveRules: { unsealByRecordOnly: false },
    options: (drawn) =>
      withMoves(drawn, { ambushPerCent: 50, settings: { ...drawn.moves!.settings, sealedMillisMax: 150 } }),
  },
  "a flip of an unknown outcome is taken for done": {
    groups: SEVERAL,
    moveRules: { activateByRecordOnly: false },
    options: (drawn) => withMoves(drawn, { cancelPerCent: 60 }),
  },
  "a copy that begins anew finds what is left of the one before": {
    groups: SEVERAL,
    moveRules: { cleanBeforeCopy: false },
  },
  "a copy goes on whatever the table says": {
    groups: SEVERAL,
    moveRules: { copyFollowsTable: false },
    options: (drawn) => withMoves(drawn, { flushes: 50, pausePerCent: 40, cancelPerCent: 0 }),
  },
  "what is sealed is written": {
    groups: SEVERAL,
    patch: () => openTo("write", SLOT_SEALED),
  },
  "what is closed is read": {
    groups: SEVERAL,
    patch: () => openTo("read", SLOT_CLOSED),
    options: (drawn) => withMoves({ ...drawn, pauseMicrosMax: 4_000, readPerCent: 50 }, { ambushPerCent: 50 }),
  },
  "a master writes whoever is the active one": {
    groups: SEVERAL,
    coordinator: (operation, present) => {
      const isFence = operation.op === "check" && operation.path === `${MASTERS}/epoch`;
      return isFence ? { ...operation, version: present!.version } : operation;
    },
    options: (drawn) => withMoves(drawn, { masters: 2, masterAmbushPerCent: 40 }),
  },
  "the store does not have what a group says of its slots": {
    groups: SEVERAL,
    patch: () =>
      exchange(SlotTable.prototype, "decode", () => {
        return function (this: SlotTable) {
          this.reset();
        };
      }),
  },
};

function withMoves(drawn: ClusterOptions, moves: Partial<NonNullable<ClusterOptions["moves"]>>): ClusterOptions {
  return { ...drawn, moves: { ...drawn.moves!, gapMicrosMax: 60_000, ...moves } };
}

/** Requests of this kind are executed in slots of this state. */
function openTo(wrong: "read" | "write", state: SlotState): () => void {
  const states = SlotTable.prototype;
  return exchange(SlotAccess.prototype, "judge", (original) => {
    return function (this: SlotAccess, call, spec, slot, kind) {
      const restore = exchange(states, "stateOf", (stateOf) => {
        return function (this: SlotTable, each) {
          const found = stateOf.call(this, each);
          return kind === wrong && found === state ? SLOT_OWNED : found;
        };
      });
      const judged = original.call(this, call, spec, slot, kind);
      restore();
      return judged;
    };
  });
}
