/**
 * The safety rules of moving slots, by name (REPLICATION.md 5.4, 5.5). All of them always hold; the simulator and the tests alone
 * switch one off at a time, to see that what then goes wrong is noticed.
 */
export interface MoveRules {
  /** The target is ready only when the source has sealed the slots, … */
  readonly sealBeforeReady: boolean;
  /** … and everything up to the seal is here, which the source gives out when it is committed. */
  readonly drainBeforeReady: boolean;
  /** The seal is an entry of the source's log: a successor knows of it. */
  readonly sealIsLogged: boolean;
  /** Nobody at the source answers reads any more before the move is flipped. */
  readonly closeBeforeFlip: boolean;
  /** The target hears of the close when it is committed. */
  readonly closeCommittedBeforeFlip: boolean;
  /** What was copied, and that it is all, is committed before the move is flipped. */
  readonly readyCommittedBeforeFlip: boolean;
  /** The move is flipped only where its record says that it is not decided. */
  readonly flipByRecord: boolean;
  /** The source takes writes again only when the record says that the move is aborted. */
  readonly unsealByRecordOnly: boolean;
  /** The target serves the slots only when the record says that the move is flipped. */
  readonly activateByRecordOnly: boolean;
  /** A copy that begins anew finds nothing of the one before. */
  readonly cleanBeforeCopy: boolean;
  /** A copy goes on only behind what the table says is here. */
  readonly copyFollowsTable: boolean;
}

export const ALL_MOVE_RULES: MoveRules = {
  sealBeforeReady: true,
  drainBeforeReady: true,
  sealIsLogged: true,
  closeBeforeFlip: true,
  closeCommittedBeforeFlip: true,
  readyCommittedBeforeFlip: true,
  flipByRecord: true,
  unsealByRecordOnly: true,
  activateByRecordOnly: true,
  cleanBeforeCopy: true,
  copyFollowsTable: true,
};
