import { epoch } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Configuration, Member } from "../core/replica/replica.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import type { NodeError } from "./nodeError.ts";

/**
 * Opens a new epoch with `self` as the primary and only replica of the group: a restarted primary never goes on in its old
 * epoch (REPLICATION.md R11). A log that is shorter than it was when an earlier epoch was confirmed has lost a part.
 */
export async function openEpoch(
  coordinator: Coordinator,
  group: string,
  self: Member,
  log: LogEnd,
): Promise<Result<Configuration, NodeError>> {
  const path = `/groups/${group}/config`;
  const znode = await coordinator.get(path);
  if (znode === undefined) {
    // Without a configuration the log alone tells which epochs were used.
    const first = configuration(log.lastEpoch + 1, self);
    const created = await coordinator.create(path, encode(first, log.lastSeq));
    return created.ok ? ok(first) : err(conflict(group));
  }
  const present = parse(znode.data);
  if (present === undefined)
    return err({ code: "damaged", message: `the configuration of group ${group} cannot be read` });
  if (present.primary.id !== self.id) {
    const message = `the primary of group ${group} is ${present.primary.id}, and this is the data of ${self.id}`;
    return err({ code: "foreign", message });
  }
  if (present.logEnd > log.lastSeq) {
    const message = `the log ends at entry ${log.lastSeq}, and it had entry ${present.logEnd} once: a part of it is missing`;
    return err({ code: "damaged", message });
  }
  const next = configuration(Math.max(present.epoch, log.lastEpoch) + 1, self);
  const replaced = await coordinator.replace(path, encode(next, log.lastSeq), znode.version);
  return replaced.ok ? ok(next) : err(conflict(group));
}

/** Writes down that the log has the epoch's barrier on disk, so that its loss will be seen. */
export async function confirmEpoch(
  coordinator: Coordinator,
  group: string,
  configuration: Configuration,
  durableSeq: number,
): Promise<void> {
  const path = `/groups/${group}/config`;
  const znode = await coordinator.get(path);
  if (znode !== undefined) await coordinator.replace(path, encode(configuration, durableSeq), znode.version);
}

/** Where a log ends. */
interface LogEnd {
  readonly lastSeq: number;
  readonly lastEpoch: number;
}

function encode(configuration: Configuration, logEnd: number): string {
  return JSON.stringify({ ...configuration, logEnd });
}

function configuration(number: number, primary: Member): Configuration {
  return { epoch: epoch(number), primary, secondaries: [] };
}

function conflict(group: string): NodeError {
  return {
    code: "conflict",
    message: `somebody else has changed the configuration of group ${group} at the same time`,
  };
}

function parse(text: string): (Configuration & { readonly logEnd: number }) | undefined {
  try {
    const value = JSON.parse(text) as Partial<Configuration> & { readonly logEnd?: number };
    return Number.isInteger(value.epoch) && typeof value.primary?.id === "string" && Number.isInteger(value.logEnd)
      ? (value as Configuration & { readonly logEnd: number })
      : undefined;
  } catch {
    return undefined;
  }
}
