import { epoch } from "../base/ids.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Configuration, Member } from "../core/replica/replica.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import type { NodeError } from "./nodeError.ts";

/**
 * Opens a new epoch with `self` as the primary and only replica of the group: a restarted primary never goes on in its old
 * epoch (REPLICATION.md R11). `lastEpoch` is that of the newest entry in its log.
 */
export async function openEpoch(
  coordinator: Coordinator,
  group: string,
  self: Member,
  lastEpoch: number,
): Promise<Result<Configuration, NodeError>> {
  const path = `/groups/${group}/config`;
  const znode = await coordinator.get(path);
  if (znode === undefined) {
    // Without a configuration the log alone tells which epochs were used.
    const first = configuration(lastEpoch + 1, self);
    const created = await coordinator.create(path, JSON.stringify(first));
    return created.ok ? ok(first) : err(conflict(group));
  }
  const present = parse(znode.data);
  if (present === undefined)
    return err({ code: "damaged", message: `the configuration of group ${group} cannot be read` });
  if (present.primary.id !== self.id) {
    const message = `the primary of group ${group} is ${present.primary.id}, and this is the data of ${self.id}`;
    return err({ code: "foreign", message });
  }
  const next = configuration(Math.max(present.epoch, lastEpoch) + 1, self);
  const replaced = await coordinator.replace(path, JSON.stringify(next), znode.version);
  return replaced.ok ? ok(next) : err(conflict(group));
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

function parse(text: string): Configuration | undefined {
  try {
    const value = JSON.parse(text) as Partial<Configuration>;
    return Number.isInteger(value.epoch) && typeof value.primary?.id === "string"
      ? (value as Configuration)
      : undefined;
  } catch {
    return undefined;
  }
}
