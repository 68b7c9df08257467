import { type Epoch, epoch } from "../../base/ids.ts";

/** A process that holds the group's data. A new incarnation of a replica is another member. */
export interface Member {
  readonly id: string;
  readonly incarnation: number;
}

/**
 * Who a group's replicas are. It changes only by compare-and-set of its znode, one epoch at a time, and is the truth about
 * the group (PacificA, section 2: the configuration manager's part).
 */
export interface Configuration {
  readonly epoch: Epoch;
  readonly primary: Member;
  readonly secondaries: readonly Member[];
  /** Nothing commits with fewer replicas than this. */
  readonly minReplicas: number;
  /** Members that left while the group was at its minimum: they have everything that was ever committed. */
  readonly eligible: readonly Member[];
  /** Names the proposal that made it, so that one whose outcome is unknown is known again. */
  readonly nonce: string;
  /** The primary before had given up its leases, and so had all who held one of it: nobody has to wait for them. */
  readonly released: boolean;
  /** What the change was for, for people who read the znode. */
  readonly reason: string;
  /** Every member's log had this entry on disk once: one that ends earlier has lost a part. */
  readonly logEnd: number;
  /** How often the znode was replaced: the next configuration is proposed against this. */
  readonly version: number;
}

/** What a configuration's znode holds: all but its version. */
export type ConfigurationData = Omit<Configuration, "version">;

export function isSame(a: Member, b: Member): boolean {
  return a.id === b.id && a.incarnation === b.incarnation;
}

/** All replicas, the primary first. */
export function membersOf(configuration: ConfigurationData): readonly Member[] {
  return [configuration.primary, ...configuration.secondaries];
}

export function isMember(configuration: ConfigurationData, member: Member): boolean {
  return membersOf(configuration).some((each) => isSame(each, member));
}

export function without(members: readonly Member[], gone: readonly Member[]): Member[] {
  return members.filter((member) => !gone.some((each) => isSame(each, member)));
}

/** Nothing is gained by waiting for a second replica in a group of two: when one of them dies, the other has to go on. */
export function minReplicasFor(replicas: number): number {
  return replicas <= 2 ? 1 : 2;
}

export function encodeConfiguration({ version: _, ...data }: ConfigurationData & { version?: number }): string {
  return JSON.stringify(data);
}

/** What a znode says, or undefined if it is nonsense. */
export function parseConfiguration(text: string, version: number): Configuration | undefined {
  let value: Partial<ConfigurationData>;
  try {
    value = JSON.parse(text) as Partial<ConfigurationData>;
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const {
    primary,
    secondaries = [],
    minReplicas = 1,
    eligible = [],
    nonce = "",
    released = false,
    reason = "",
    logEnd = 0,
  } = value;
  const isWhole =
    isCount(value.epoch) &&
    isValidMember(primary) &&
    isMemberList(secondaries) &&
    isMemberList(eligible) &&
    isCount(minReplicas) &&
    typeof nonce === "string" &&
    typeof released === "boolean" &&
    Number.isSafeInteger(logEnd) &&
    typeof reason === "string";
  if (!isWhole || !areDistinct([primary, ...secondaries])) return undefined;
  return {
    epoch: epoch(value.epoch!),
    primary,
    secondaries,
    minReplicas,
    eligible,
    nonce,
    released,
    reason,
    logEnd,
    version,
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isValidMember(value: unknown): value is Member {
  if (typeof value !== "object" || value === null) return false;
  const { id, incarnation } = value as Partial<Member>;
  return typeof id === "string" && id !== "" && isCount(incarnation);
}

function isMemberList(value: unknown): value is Member[] {
  return Array.isArray(value) && value.every(isValidMember);
}

function areDistinct(members: readonly Member[]): boolean {
  return new Set(members.map((member) => member.id)).size === members.length;
}
