/** How the toy state's owner goes about reads, beyond the rules of the replica. All of them hold unless one is sabotaged. */
export interface ToyRules {
  /** R14: the lease is tested when what was read is there, not only before. */
  readonly leaseAfterRead: boolean;
  /** R13: a held read looks at the lease again before it is answered. */
  readonly leaseAfterHold: boolean;
  /** R1, R13: a held read of an earlier epoch is not answered. */
  readonly holdPerEpoch: boolean;
  /** R2: entries keep the epoch in which they were first proposed. */
  readonly keepStamps: boolean;
  /** A write is acknowledged when it is committed, not when it is on the primary's disk. */
  readonly acknowledgesCommitted: boolean;
  /** Clocks keep to the drift that the leases reckon with. */
  readonly clocksKeepRate: boolean;
  /** The controller takes the new primary from the members, and adds nobody. */
  readonly controllerKeepsMembers: boolean;
}

export const ALL_TOY_RULES: ToyRules = {
  leaseAfterRead: true,
  leaseAfterHold: true,
  holdPerEpoch: true,
  keepStamps: true,
  acknowledgesCommitted: true,
  clocksKeepRate: true,
  controllerKeepsMembers: true,
};
