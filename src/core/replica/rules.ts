/**
 * The safety rules of replication, by name (REPLICATION.md 3.3). All of them always hold; the simulator alone switches one off
 * at a time, to see that what then goes wrong is noticed.
 */
export interface ReplicaRules {
  /** R4: members of a configuration that was proposed, and whose fate is unknown, have to have what is committed. */
  readonly commitByUnion: boolean;
  /** R4: nothing commits with fewer replicas than the group's minimum. */
  readonly minReplicas: boolean;
  /** R5: the primary answers reads only while every member has promised not to take over. */
  readonly primaryLease: boolean;
  /** R5, R7: those that it has proposed to add have to have promised too. */
  readonly leaseByUnion: boolean;
  /** R5: the lease counts from when it was asked for, not from when the answer came. */
  readonly leaseFromAsking: boolean;
  /** R8: a new primary waits until its own promise to the old one is over. */
  readonly waitAtActivation: boolean;
  /** R8: and until the leases that it gave itself as an earlier primary are over. */
  readonly waitForOwnLeases: boolean;
  /** R8: a new primary serves nothing before its barrier is committed. */
  readonly serveBehindBarrier: boolean;
  /** R9: a secondary answers reads only under a lease. */
  readonly secondaryLease: boolean;
  /** R9: a secondary's lease never outlives the primary's. */
  readonly subLeaseBounded: boolean;
  /** R9: the secondary counts its lease from when it asked. */
  readonly grantFromAsking: boolean;
  /** R10: nothing commits without a removed member before its lease is over. */
  readonly waitAfterRemoval: boolean;
  /** R10: however the removal became known. */
  readonly waitHoweverLearned: boolean;
  /** R11: a primary that was restarted opens a new epoch before anything else. */
  readonly newEpochAfterRestart: boolean;
  /** R11: a replica that lost what it had acknowledged comes back as another member. */
  readonly newIncarnation: boolean;
  /** R2: an entry that differs from the primary's is cut off with all behind it. */
  readonly cutDivergedTail: boolean;
  /** R2: what is acknowledged in an epoch was compared with its primary's log. */
  readonly acknowledgeVerified: boolean;
  /** What is acknowledged is on disk. */
  readonly acknowledgeDurable: boolean;
  /** R1: messages of earlier epochs are refused. */
  readonly refuseOldEpochs: boolean;
  /** R2: acknowledgements of earlier epochs do not count. */
  readonly acknowledgementsPerEpoch: boolean;
  /** R3: the new primary is taken from the members. */
  readonly successorIsMember: boolean;
  /** R13: a secondary's read of a key with an undecided entry waits for it. */
  readonly holdUndecided: boolean;
  /** R13: and is answered from what is committed, never from what is merely prepared. */
  readonly answerCommitted: boolean;
  /** R15: commits are told by the primary alone. */
  readonly commitByPrimary: boolean;
  /** C15: leases do not count when this replica's clock stood still while it had them. */
  readonly leasesEndWithStandstill: boolean;
  /** R1: a new epoch ends the read lease of the one before. */
  readonly leasePerEpoch: boolean;
  /** Hand-over: the leases are over before the successor is named as free to begin. */
  readonly releaseBeforeHandOver: boolean;
  /** Hand-over: an epoch whose commits have to wait for the leases of removed members is not handed over. */
  readonly handOverWhenOpen: boolean;
  /** R8: a new primary admits nobody while its own promise holds it back. */
  readonly admitAfterWait: boolean;
  /** A promise made before a restart is kept after it. */
  readonly promiseSurvivesRestart: boolean;
  /** All acknowledge, not a majority. */
  readonly everyMemberAcknowledges: boolean;
  /** A configuration replaces the one it was made from, and no other. */
  readonly compareAndSet: boolean;
  /** A learner is admitted when it has everything. */
  readonly admitCaughtUp: boolean;
  /** Acknowledgements of writes that were begun before a truncation say nothing of what was written after it. */
  readonly writesByGeneration: boolean;
}

export const ALL_RULES: ReplicaRules = {
  commitByUnion: true,
  minReplicas: true,
  primaryLease: true,
  leaseByUnion: true,
  leaseFromAsking: true,
  waitAtActivation: true,
  waitForOwnLeases: true,
  serveBehindBarrier: true,
  secondaryLease: true,
  subLeaseBounded: true,
  grantFromAsking: true,
  waitAfterRemoval: true,
  waitHoweverLearned: true,
  newEpochAfterRestart: true,
  newIncarnation: true,
  cutDivergedTail: true,
  acknowledgeVerified: true,
  acknowledgeDurable: true,
  refuseOldEpochs: true,
  acknowledgementsPerEpoch: true,
  successorIsMember: true,
  holdUndecided: true,
  answerCommitted: true,
  commitByPrimary: true,
  leasesEndWithStandstill: true,
  leasePerEpoch: true,
  releaseBeforeHandOver: true,
  handOverWhenOpen: true,
  admitAfterWait: true,
  promiseSurvivesRestart: true,
  everyMemberAcknowledges: true,
  compareAndSet: true,
  admitCaughtUp: true,
  writesByGeneration: true,
};
