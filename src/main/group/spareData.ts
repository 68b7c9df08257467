import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { membersOf, parseConfiguration } from "../../core/replica/configuration.ts";
import type { Coordinator } from "../../ports/coordinator.ts";

/** What makes a directory that of a replica. */
const MEMBERSHIP_FILE = "membership.json";

/** What a worker is to a group: `eligible` has left, and may be called back if all others are lost. */
export async function standingIn(
  coordinator: Coordinator,
  group: string,
  id: string,
): Promise<"member" | "eligible" | "none" | "unknown"> {
  const read = await coordinator.get(`/groups/${group}/config`, { sync: true });
  if (!read.ok) return read.error.code === "no_node" ? "none" : "unknown";
  const configuration = parseConfiguration(read.value.data, read.value.version);
  if (configuration === undefined) return "unknown";
  if (membersOf(configuration).some((member) => member.id === id)) return "member";
  return configuration.eligible.some((member) => member.id === id) ? "eligible" : "none";
}

/** Removes what a spare has of groups other than `group`, but not of those that may need it. */
export async function removeOthers(
  coordinator: Coordinator,
  { directory, group, id }: { readonly directory: string; readonly group: string; readonly id: string },
): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name === group || !(await isReplica(join(directory, name)))) continue;
    if ((await standingIn(coordinator, name, id)) === "none") await rm(join(directory, name), { recursive: true });
  }
}

async function isReplica(directory: string): Promise<boolean> {
  return stat(join(directory, MEMBERSHIP_FILE)).then(
    () => true,
    () => false,
  );
}
