import { err, ok, type Result } from "../../base/result.ts";
import {
  type Configuration,
  encodeConfiguration,
  isMember,
  type Member,
  parseConfiguration,
} from "../../core/replica/configuration.ts";
import type { Coordinator, CoordinatorError } from "../../ports/coordinator.ts";
import type { NodeError } from "../nodeError.ts";

/** Where a log ends. */
interface LogEnd {
  readonly lastSeq: number;
  readonly lastEpoch: number;
}

export interface CheckParts {
  readonly coordinator: Coordinator;
  readonly group: string;
  readonly self: Member;
  /** The node is the only one that there will ever be under this coordinator. */
  readonly isAlone: boolean;
  /** Whether the group may be new. */
  readonly mayFound: boolean;
  /** The log is that of a node that was alone. */
  readonly mustFound: boolean;
  readonly log: LogEnd;
}

/**
 * Looks whether the group's configuration and this replica's data can be of one history, before anything is done with either.
 * `unavailable`: the coordinator does not answer.
 */
export async function checkConfiguration(parts: CheckParts): Promise<Result<void, NodeError | "unavailable">> {
  const { coordinator, group, self, isAlone, log } = parts;
  const path = `/groups/${group}/config`;
  const read = await coordinator.get(path, { sync: true });
  if (!read.ok) {
    if (read.error.code === "no_node" && !parts.mayFound) return err(lostConfiguration(group, log));
    if (read.error.code === "no_node") return ok(undefined);
    return err(isAlone ? unreadable(group, read.error) : "unavailable");
  }
  const configuration = parseConfiguration(read.value.data, read.value.version);
  if (configuration === undefined) {
    return err({ code: "damaged", message: `the configuration of group ${group} cannot be read` });
  }
  if (parts.mustFound && log.lastSeq > 0 && !isMember(configuration, self))
    return err({ code: "foreign", message: otherBeginning(group) });
  const { primary } = configuration;
  if (isAlone && primary.id !== self.id) {
    const message = `the primary of group ${group} is ${primary.id}, and this is the data of ${self.id}`;
    return err({ code: "foreign", message });
  }
  if (isMember(configuration, self) && configuration.logEnd > log.lastSeq) {
    const message = `the log ends at entry ${log.lastSeq}, and it had entry ${configuration.logEnd} once: a part of it is missing`;
    return err({ code: "damaged", message });
  }
  if (configuration.epoch >= log.lastEpoch) return ok(undefined);
  if (isAlone) return raiseEpoch(parts, configuration);
  const message = `the coordinator knows epoch ${configuration.epoch} of group ${group}, and the log is of epoch ${log.lastEpoch}: the coordinator's data are older than this replica's`;
  return err({ code: "conflict", message });
}

/** Why the data of a node that was alone have no place in a group that was founded meanwhile. */
export function otherBeginning(group: string): string {
  return `this is the data of a node that was alone, and group ${group} was founded with other data: start with an empty directory`;
}

/** Founding the group anew could make the oldest of its replicas the truth. */
function lostConfiguration(group: string, log: LogEnd): NodeError {
  const message = `the coordinator knows no group ${group}, and this is the data of one of its replicas, up to entry ${log.lastSeq} of epoch ${log.lastEpoch}: the coordinator has lost it. Restore it; or, on the replica with the newest data, remove membership.json and start that one first`;
  return { code: "conflict", message };
}

/** An old file of znodes was put back: nobody else can have used the epochs since. */
async function raiseEpoch(parts: CheckParts, present: Configuration): Promise<Result<void, NodeError>> {
  const { coordinator, group, log } = parts;
  const text = encodeConfiguration({ ...present, epoch: log.lastEpoch as typeof present.epoch });
  const replaced = await coordinator.replace(`/groups/${group}/config`, text, present.version);
  return replaced.ok ? ok(undefined) : err(unreadable(group, replaced.error));
}

function unreadable(group: string, error: CoordinatorError): NodeError {
  const reason = "message" in error ? error.message : error.code;
  return { code: "coordinator", message: `the configuration of group ${group} cannot be read or replaced: ${reason}` };
}
