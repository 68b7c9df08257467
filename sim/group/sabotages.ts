import type { ReplicaRules } from "../../src/core/replica/rules.ts";
import type { ToyRules } from "./toyRules.ts";

/** One rule that is not kept. */
export interface GroupSabotage {
  readonly what: string;
  readonly rules?: Partial<ReplicaRules>;
  readonly toyRules?: Partial<ToyRules>;
}

/**
 * Rules that are kept although nobody could tell: what they prevent is prevented by another rule, too. A lease of an earlier epoch
 * ends before the next primary's wait does (R8, R9). What a primary that goes on was acknowledged in an earlier epoch of its
 * own stays true, as nobody was primary in between (R3). A read that was held since its lease was valid shows the effect of
 * everything that was committed before it came, whenever it is answered (REPLICATION.md 3.4).
 */
export const SECOND_GUARDS: Readonly<Record<string, GroupSabotage>> = {
  leaseAcrossEpochs: { what: "R1: a lease outlives its epoch", rules: { leasePerEpoch: false } },
  keepAcknowledgements: {
    what: "R2: acknowledgements of the primary's earlier epochs count",
    rules: { acknowledgementsPerEpoch: false },
  },
  answerAfterLease: {
    what: "R13: a held read is answered when the lease is over",
    toyRules: { leaseAfterHold: false },
  },
  holdAcrossEpochs: { what: "R1, R13: a held read is answered in another epoch", toyRules: { holdPerEpoch: false } },
};

/** Bugs that random worlds hardly ever notice; test/unit/replica/directedSabotage.test.ts has a scenario for each. */
export const DIRECTED_SABOTAGES: Readonly<Record<string, GroupSabotage>> = {
  acceptOldEpochs: {
    what: "R1: messages of earlier epochs are heard",
    rules: { refuseOldEpochs: false, acknowledgementsPerEpoch: false },
  },
  handOverUnopened: {
    what: "R10: an epoch is handed over that waits for leases of removed members",
    rules: { handOverWhenOpen: false },
  },
  admitBeforeWait: {
    what: "R8: a new primary admits learners while its promise holds it back",
    rules: { admitAfterWait: false },
  },
  forgetGenerations: { what: "writes from before a truncation count", rules: { writesByGeneration: false } },
  handOverUnreleased: { what: "hand-over without the leases given back", rules: { releaseBeforeHandOver: false } },
  trustStoppedClock: {
    what: "C15: leases count although the clock stood still while they lasted",
    rules: { leasesEndWithStandstill: false },
  },
  forgetPromise: { what: "R6: a promise ends with the process", rules: { promiseSurvivesRestart: false } },
  forgetOwnLeases: {
    what: "R8: who is the primary again does not wait for the leases of its earlier reign",
    rules: { waitForOwnLeases: false },
  },
};

/** Bugs that the worlds must notice; each is named by what somebody might think would do (REPLICATION.md, 3.3 and 3.6). */
export const GROUP_SABOTAGES: Readonly<Record<string, GroupSabotage>> = {
  answerCommittedWhenDirty: {
    what: "C1: a secondary answers what is committed, whatever is prepared",
    rules: { holdUndecided: false },
  },
  answerPrepared: { what: "C2: a secondary answers what is prepared", rules: { answerCommitted: false } },
  noSecondaryLease: { what: "C3, R9: a secondary answers without a lease", rules: { secondaryLease: false } },
  noPrimaryLease: { what: "C4, R5: the primary answers without a lease", rules: { primaryLease: false } },
  noWaitAfterRemoval: {
    what: "C5, R10: nobody waits for the lease of who was removed",
    rules: { waitAfterRemoval: false },
  },
  noWaitAtActivation: { what: "C6, R8: a new primary begins at once", rules: { waitAtActivation: false } },
  serveBeforeBarrier: {
    what: "C7, R8: a new primary answers before its barrier is committed",
    rules: { serveBehindBarrier: false },
  },
  subLeaseUnbounded: {
    what: "C8, R9: a secondary's lease may outlive the primary's",
    rules: { subLeaseBounded: false },
  },
  grantFromReceipt: {
    what: "C9, R9: a secondary counts its lease from when it came",
    rules: { grantFromAsking: false },
  },
  leaseFromAnswer: { what: "C9, R5: the primary counts its lease from the answer", rules: { leaseFromAsking: false } },
  commitByOldSet: {
    what: "C10, R4: the old members commit until an addition is known",
    rules: { commitByUnion: false },
  },
  leaseByOldSet: {
    what: "C11, R5, R7: the old members' promises do until an addition is known",
    rules: { leaseByUnion: false },
  },
  inferCommit: { what: "C12, R15: secondaries take for committed what all have", rules: { commitByPrimary: false } },
  restartInSameEpoch: {
    what: "C13, R11: a restarted primary goes on in its epoch",
    rules: { newEpochAfterRestart: false },
  },
  keepIncarnation: { what: "C14, R11: who has lost its tail stays a member", rules: { newIncarnation: false } },
  fastClocks: { what: "C15: clocks drift far more than the leases reckon with", toyRules: { clocksKeepRate: false } },
  leaseBeforeRead: {
    what: "C16, R14: the lease is tested before an asynchronous read only",
    toyRules: { leaseAfterRead: false },
  },
  waitOnlyInReply: { what: "C17: R10 only when the reply told of the removal", rules: { waitHoweverLearned: false } },
  restamp: { what: "C18, R2: undecided entries get the new epoch", toyRules: { keepStamps: false } },
  belowMinimum: { what: "R4: fewer replicas than the minimum commit", rules: { minReplicas: false } },
  keepDivergedTail: { what: "R2: what differs is not cut off", rules: { cutDivergedTail: false } },
  acknowledgeUnverified: { what: "R2: what was never compared is acknowledged", rules: { acknowledgeVerified: false } },
  acknowledgeVolatile: { what: "what is not on disk is acknowledged", rules: { acknowledgeDurable: false } },
  outsiderTakesOver: { what: "R3: who is no member makes itself the primary", rules: { successorIsMember: false } },
  majorityCommits: { what: "a majority commits, and anybody may take over", rules: { everyMemberAcknowledges: false } },
  unconditionalWrite: { what: "a configuration replaces whatever is there", rules: { compareAndSet: false } },
  admitEarly: { what: "a learner is admitted before it has everything", rules: { admitCaughtUp: false } },
  controllerAdds: {
    what: "R3: the controller names somebody who is no member",
    toyRules: { controllerKeepsMembers: false },
  },
  acknowledgeLocal: {
    what: "a write is acknowledged when the primary has it on disk",
    toyRules: { acknowledgesCommitted: false },
  },
};
