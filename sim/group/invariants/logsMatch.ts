import { Violation } from "../../violation.ts";
import { decodeEntries } from "../toyLog.ts";
import type { Invariant } from "./invariants.ts";

const EPOCH_SCALE = 2 ** 24;

/** Two logs that have an entry of the same seq and epoch have the same entry there, and the same before it. */
export function logsMatch(): Invariant {
  const seen = new Map<number, string>();
  return {
    appended(process, record) {
      let before = process.replica.logRuns.epochAt((record.firstSeq - 1) as typeof record.firstSeq) ?? -1;
      let at = record.firstSeq as number;
      for (const { key, op } of decodeEntries(record.bytes)) {
        const name = record.epoch * EPOCH_SCALE + at;
        const entry = `${key} ${op} behind ${before}`;
        const known = seen.get(name);
        if (known === undefined) seen.set(name, entry);
        else if (known !== entry) {
          const where = `epoch ${record.epoch}, seq ${at}`;
          throw new Violation("logsMatch", `${where} is "${entry}" at ${process.node.id} and "${known}" elsewhere`);
        }
        before = record.epoch;
        at++;
      }
    },
  };
}
