import type { Seq } from "../../base/ids.ts";
import type { ConfigurationData } from "./configuration.ts";
import type { LogRecord, Message } from "./message.ts";

/** A configuration that somebody wants to install, and the version of the one it replaces (none: there is none yet). */
export interface Proposal {
  readonly configuration: ConfigurationData;
  readonly version: number | undefined;
}

/** What became of a proposal. A lost reply means that it may have happened, and may still happen. */
export type ProposalOutcome = "installed" | "refused" | "unknown";

/** What follows from a call of the replica; whoever owns it sees to these, in this order. */
export type Effect =
  | { readonly kind: "send"; readonly to: string; readonly message: Message }
  /** Write a record that came from the primary; `persisted(record.lastSeq, generation)` when it is on disk. */
  | { readonly kind: "write"; readonly record: LogRecord; readonly generation: number }
  /** Cut everything behind `after` off the log, before the writes that follow. */
  | { readonly kind: "truncate"; readonly after: Seq }
  /** Read records from `from` on (the log has it) and give them to `recordsRead`. */
  | { readonly kind: "readLog"; readonly to: string; readonly from: Seq; readonly ticket: number }
  /** Compare and set the group's configuration; `proposalEnded` with its nonce. */
  | { readonly kind: "propose"; readonly proposal: Proposal }
  /** Read the configuration, synced, and give it to `configurationRead`. */
  | { readonly kind: "readConfiguration" }
  /** The commit point has moved. */
  | { readonly kind: "commit" }
  /** The role, its phase or the configuration is another now. */
  | { readonly kind: "role" }
  /** A primary's new epoch begins: bring the state up to the end of the log, then call `openEpoch` and write its barrier. */
  | { readonly kind: "openEpoch" }
  /** Fetch a snapshot from the primary, put log and store in its place, and call `snapshotInstalled`. */
  | { readonly kind: "fetchSnapshot"; readonly from: string; readonly attempt: number }
  /** What the log held behind `after` was never committed: what was evaluated from it has to be forgotten. */
  | { readonly kind: "discard"; readonly after: Seq };
