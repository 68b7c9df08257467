/** When the master acts on lost replicas and on heat, and how much it does at once. */
export interface TendLimits {
  /** Loads are judged by their means over windows of this length. */
  readonly windowMillis: number;
  /** So many of the last windows are kept, */
  readonly windowsKept: number;
  /** and so many of them must agree before anything is done. */
  readonly windowsAgreeing: number;
  /** A group is hot when one of its workers is busier than this; 1 is all that it can do. */
  readonly utilisationMax: number;
  /** A lent replica goes back when the others would stay below this without it. */
  readonly utilisationLow: number;
  /** One more replica makes every write dearer: it is only for groups with more reads than this for each write. */
  readonly readsPerWriteMin: number;
  /** What is gained must be so many times what it costs (objective.ts). */
  readonly gainPerCostMin: number;
  /** How long a change is expected to be of use. */
  readonly horizonMillis: number;
  /** After a change to a hot group nothing more is done to it for this long. */
  readonly coolDownMillis: number;
  /** A lent replica stays at least this long, and so does a slot that was moved for its heat. */
  readonly stayMillis: number;
  /** A replica must be missing for this long before a spare takes its place: a restart is shorter. */
  readonly lostMillis: number;
  /** Copies of data under way in the whole cluster. A worker takes part in one only. */
  readonly copiesMax: number;
  /** Nothing is done while a larger part of the workers is down; a single one is always borne. */
  readonly downShareMax: number;
  /** Nothing is done for this long after a failover. */
  readonly quietMillis: number;
  /** How fast data is copied: what a copy costs. */
  readonly copyBytesPerSecond: number;
  /** Slots that are moved at once for their heat. */
  readonly slotsPerMoveMax: number;
}

/** REPLICATION.md, section 7. */
export const TEND_LIMITS: TendLimits = {
  windowMillis: 10_000,
  windowsKept: 4,
  windowsAgreeing: 3,
  utilisationMax: 0.6,
  utilisationLow: 0.4,
  readsPerWriteMin: 20,
  gainPerCostMin: 1.3,
  horizonMillis: 600_000,
  coolDownMillis: 60_000,
  stayMillis: 600_000,
  lostMillis: 60_000,
  copiesMax: 2,
  downShareMax: 0.2,
  quietMillis: 30_000,
  copyBytesPerSecond: 50_000_000,
  slotsPerMoveMax: 64,
};
