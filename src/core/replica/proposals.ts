import type { Epoch } from "../../base/ids.ts";
import { type Configuration, type ConfigurationData, type Member, membersOf } from "./configuration.ts";
import type { ProposalOutcome } from "./effect.ts";

interface Pending {
  readonly nonce: string;
  readonly members: readonly Member[];
  readonly epoch: Epoch;
  isUnknown: boolean;
}

/**
 * The configurations that this replica has proposed and whose fate it does not know. A lost reply means: it may have happened,
 * and may still happen. The list only grows until the epoch is seen to have moved (RELIABILITY.md 6.2, bug 7).
 */
export class Proposals {
  #pending: Pending[] = [];

  add(data: ConfigurationData): void {
    this.#pending.push({ nonce: data.nonce, members: membersOf(data), epoch: data.epoch, isUnknown: false });
  }

  /** Whether a proposal's answer is still to come. */
  get inFlight(): boolean {
    return this.#pending.some((each) => !each.isUnknown);
  }

  get any(): boolean {
    return this.#pending.length > 0;
  }

  /** Everybody who would be a member if any of them had been, or came to be, installed. */
  get members(): readonly Member[] {
    return this.#pending.flatMap((each) => each.members);
  }

  /** The answer to one of them has come, or will never come. */
  ended(nonce: string, outcome: ProposalOutcome): void {
    if (outcome === "unknown") {
      for (const each of this.#pending) if (each.nonce === nonce) each.isUnknown = true;
    } else this.#pending = this.#pending.filter((each) => each.nonce !== nonce);
  }

  /** A configuration was seen: proposals of its epoch or an earlier one can happen no more. */
  seen(configuration: Configuration): void {
    this.#pending = this.#pending.filter((each) => each.epoch > configuration.epoch);
  }
}
