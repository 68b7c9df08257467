import type { Configuration, ConfigurationData, Member } from "./configuration.ts";
import type { Effect } from "./effect.ts";
import type { LogPosition } from "./logPosition.ts";
import type { Message } from "./message.ts";
import type { Proposals } from "./proposals.ts";
import type { ReplicaRules } from "./rules.ts";
import type { ReplicaTimes } from "./times.ts";

/** What a replica's roles share. */
export interface ReplicaContext {
  self: Member;
  readonly times: ReplicaTimes;
  readonly rules: ReplicaRules;
  readonly log: LogPosition;
  readonly proposals: Proposals;
  readonly effects: Effect[];
  /** The newest configuration that is known. */
  configuration: Configuration;
  /** When this replica last promised a primary not to take over (its own clock). */
  promisedAt: number;
  /** When this replica's clock was last found to have stood still: what was asked for by it before gives no lease. */
  stoodStillAt: number;
  /** Makes the name of a new proposal. */
  nextNonce(): string;
  /** Names a reading of the log: one that was begun in another role is not mistaken for it. */
  nextTicket(): number;
}

export function send(context: ReplicaContext, to: string, message: Message): void {
  context.effects.push({ kind: "send", to, message });
}

/** Proposes to replace the present configuration. */
export function propose(
  context: ReplicaContext,
  change: Pick<ConfigurationData, "primary" | "secondaries" | "reason"> & Partial<ConfigurationData>,
): void {
  const { version, ...present } = context.configuration;
  const configuration: ConfigurationData = {
    ...present,
    released: false,
    logEnd: Math.max(present.logEnd, context.log.commitPoint),
    ...change,
    epoch: (present.epoch + 1) as typeof present.epoch,
    nonce: context.nextNonce(),
  };
  context.proposals.add(configuration);
  context.effects.push({ kind: "propose", proposal: { configuration, version } });
}
