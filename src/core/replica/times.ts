/** The clocks of replication, all in milliseconds of the monotonic clock (REPLICATION.md 3.8). */
export interface ReplicaTimes {
  /** How often the primary proves that it is there, and asks for leases. */
  readonly beaconMillis: number;
  /** A secondary that has heard nothing for so long proposes itself as the primary; … */
  readonly suspectMillis: number;
  /** … the second in the configuration so much later, and so on. */
  readonly suspectStaggerMillis: number;
  /** A member that has acknowledged nothing for so long is removed by the primary. */
  readonly evictMillis: number;
  /** How long an acknowledgement lets the one who asked for it serve, from the moment of asking. */
  readonly leaseMillis: number;
  /** How much faster one clock may run than another, as a share of it. */
  readonly driftRate: number;
  /** Added to what a giver of leases waits. */
  readonly slackMillis: number;
  /** A peer that has acknowledged nothing new for so long is sent again what it lacks. */
  readonly resendMillis: number;
  /** How often what may have changed elsewhere is read again while nothing else tells. */
  readonly askMillis: number;
  /** A learner, or a member that lacks something, is given up when it makes no progress for so long. */
  readonly learnerMillis: number;
}

export const REPLICA_TIMES: ReplicaTimes = {
  beaconMillis: 100,
  suspectMillis: 350,
  suspectStaggerMillis: 50,
  evictMillis: 400,
  leaseMillis: 500,
  driftRate: 0.001,
  slackMillis: 15,
  resendMillis: 300,
  askMillis: 250,
  learnerMillis: 5_000,
};

/** How long whoever gave a lease waits, from giving it, until nobody can hold it any more: `lease · (1 + 3ρ) + ε`. */
export function graceMillis({ leaseMillis, driftRate, slackMillis }: ReplicaTimes): number {
  return leaseMillis * (1 + 3 * driftRate) + slackMillis;
}
