import { invariant } from "../../base/invariant.ts";
import { decodeLatin1, latin1Bytes } from "../../base/latin1.ts";
import type { Random } from "../../base/random.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Member } from "../../core/replica/configuration.ts";
import { type Disk, DiskError } from "../../ports/disk.ts";
import type { NodeError } from "../../worker/nodeError.ts";

const FILE = "membership.json";
const FORMAT = 1;
/** What a node that is alone keeps of its own coordinator. */
const LONE_FILE = "coordinator.json";

/** Of which group a data directory is a replica's, and which one. */
interface MembershipFile {
  readonly cluster: string;
  readonly group: string;
  readonly id: string;
  /** Another number when this replica may have lost what it had acknowledged. */
  readonly incarnation: number;
  /** What the machine's memory was when it was last used, if writes were acknowledged from memory: they outlive the process, not the power. */
  readonly boot: string | undefined;
  /** It is the data of a node that was alone, and the group that it is to be the beginning of is not known to be founded. */
  readonly lone?: boolean;
}

export interface MembershipClaim {
  readonly cluster: string;
  readonly group: string;
  readonly id: string;
  /** The machine's present boot; undefined when every acknowledged write is on disk. */
  readonly boot: string | undefined;
}

/** What a claimed directory is: `isNew` when it was no replica's before, `isLone` when its data can only be the beginning of a group. */
export interface Claimed {
  readonly incarnation: number;
  readonly isNew: boolean;
  readonly isLone: boolean;
}

/**
 * Makes the data directory that of a replica of a group, or sees that it is. `isNew` when it was nobody's before: a new one, or
 * that of a node which was alone.
 */
export async function claimMembership(
  disk: Disk,
  claim: MembershipClaim,
  random: Random,
): Promise<Result<Claimed, NodeError>> {
  const present = await read(disk);
  if (!present.ok) return present;
  const file = present.value;
  if (file !== undefined) {
    const wrong = (["cluster", "group", "id"] as const).find((field) => file[field] !== claim[field]);
    if (wrong !== undefined) {
      const message = `this is the data of replica ${file.id} of group ${file.group} in cluster ${file.cluster}, not of ${claim.id} of ${claim.group} in ${claim.cluster}`;
      return err({ code: "foreign", message });
    }
  }
  const isLone = file === undefined ? (await disk.list()).includes(LONE_FILE) : file.lone === true;
  const isIntact = file !== undefined && (file.boot === undefined || file.boot === claim.boot);
  const incarnation = isIntact ? file.incarnation : random.u32() + 1;
  if (!isIntact || file.boot !== claim.boot) {
    await write(disk, { ...claim, incarnation, ...(isLone && { lone: true }) });
  }
  return ok({ incarnation, isNew: file === undefined, isLone });
}

/**
 * Why the data of a node that was alone cannot become those of a replica of a group that has data already: they would be thrown away,
 * or, as both have counted from 1, be taken for the group's own. `isMember` says whether the group's configuration names a replica:
 * then the group was founded with these data.
 */
export async function refuseLone(
  disk: Disk,
  group: string,
  isMember: (replica: Member) => boolean,
): Promise<Result<void, NodeError>> {
  const present = await read(disk);
  if (!present.ok) return present;
  const file = present.value;
  const isLone = file === undefined ? (await disk.list()).includes(LONE_FILE) : file.lone === true;
  if (!isLone || (file !== undefined && isMember(file))) return ok(undefined);
  const message = `this is the data of a node that was alone, and group ${group} has data already: start with an empty directory`;
  return err({ code: "foreign", message });
}

/** Draws another incarnation for the replica whose directory it is, and writes it down. */
export async function renewIncarnation(disk: Disk, random: Random): Promise<number> {
  const present = await read(disk);
  invariant(present.ok && present.value !== undefined, "the directory was claimed before");
  const renewed: MembershipFile = { ...present.value, incarnation: random.u32() + 1 };
  await write(disk, renewed);
  return renewed.incarnation;
}

/** The group was founded with the data of this node, which was alone: from now on they are those of a replica like any other. */
export async function endLone(disk: Disk): Promise<void> {
  const present = await read(disk);
  invariant(present.ok && present.value !== undefined, "the directory was claimed before");
  const { lone: _, ...file } = present.value;
  await write(disk, file);
}

async function write(disk: Disk, file: MembershipFile): Promise<void> {
  await disk.replace(FILE, latin1Bytes(`${JSON.stringify({ format: FORMAT, ...file }, null, 2)}\n`));
}

/** Why a node that is alone must not use the data directory: what it wrote would be no part of the group's log. */
export async function refuseMember(disk: Disk): Promise<Result<void, NodeError>> {
  const present = await read(disk);
  if (!present.ok) return present;
  if (present.value === undefined) return ok(undefined);
  const { id, group } = present.value;
  const message = `this is the data of replica ${id} of group ${group}: start it as such, with --zookeeper and --id ${id}`;
  return err({ code: "foreign", message });
}

/** Whether the directory is a replica's; undefined if it is nobody's. */
async function read(disk: Disk): Promise<Result<MembershipFile | undefined, NodeError>> {
  let text: string;
  try {
    text = decodeLatin1(await disk.read(FILE));
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "not_found") throw error;
    return ok(undefined);
  }
  const damaged = err<NodeError>({
    code: "damaged",
    message: `${FILE} is damaged: it is not what this program writes`,
  });
  let value: Partial<MembershipFile> & { readonly format?: unknown };
  try {
    value = JSON.parse(text);
  } catch {
    return damaged;
  }
  if (typeof value?.format === "number" && value.format > FORMAT) {
    return err({
      code: "newer_format",
      message: `${FILE} says format ${value.format}; this version knows formats up to ${FORMAT}`,
    });
  }
  const { cluster, group, id, incarnation, boot, lone } = value ?? {};
  const areTexts = [cluster, group, id].every((each) => typeof each === "string");
  if (value?.format !== FORMAT || !areTexts || !Number.isSafeInteger(incarnation)) return damaged;
  return ok({ cluster: cluster!, group: group!, id: id!, incarnation: incarnation!, boot, lone: lone === true });
}
