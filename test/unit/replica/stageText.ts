import { decodeEntries } from "../../../sim/group/toyLog.ts";
import type { Configuration, ConfigurationData, Member } from "../../../src/core/replica/configuration.ts";
import type { Effect } from "../../../src/core/replica/effect.ts";
import type { GroupReplica } from "../../../src/core/replica/groupReplica.ts";
import type { LogRecord, Message } from "../../../src/core/replica/message.ts";

/** A message in one line, for people. */
export function messageText(message: Message): string {
  switch (message.kind) {
    case "append": {
      const { epoch, attempt, prevSeq, prevEpoch, record, commitPoint } = message;
      const what = record === undefined ? "nothing" : recordText(record);
      return `append e${epoch}${attemptText(attempt)} behind ${prevSeq}/e${prevEpoch}: ${what}, committed ${commitPoint}`;
    }
    case "appended":
      return `appended e${message.epoch}${attemptText(message.attempt)} up to ${message.durable}`;
    case "mismatch":
      return `mismatch e${message.epoch}${attemptText(message.attempt)}, log up to ${message.lastSeq}`;
    case "committed":
      return `committed e${message.epoch} up to ${message.commitPoint}`;
    case "beacon": {
      const { epoch, attempt, sentAt, grant } = message;
      const lease = grant === undefined ? "" : `, lease of ${grant.validMillis} since ${grant.askedAt}`;
      return `beacon e${epoch}${attemptText(attempt)} of ${sentAt}${lease}`;
    }
    case "beaconAck":
      return `promise e${message.epoch} for ${message.sentAt}, asks at ${message.askedAt}`;
    case "stale":
      return `stale: ${configurationText(message.configuration)}`;
    case "revoke":
    case "released":
      return `${message.kind} e${message.epoch} of ${message.sentAt}`;
    case "join":
      return `join #${message.attempt}, log up to ${message.lastSeq}, applied ${message.applied}`;
    case "needSnapshot":
      return `needSnapshot e${message.epoch}${attemptText(message.attempt)}`;
    case "leave":
      return `leave e${message.epoch}`;
  }
}

export function effectText(effect: Effect, replica: GroupReplica): string {
  switch (effect.kind) {
    case "send":
      return `-> ${effect.to} ${messageText(effect.message)}`;
    case "write":
      return `writes ${recordText(effect.record)}`;
    case "truncate":
      return `cuts its log behind ${effect.after}`;
    case "readLog":
      return `reads its log for ${effect.to} from ${effect.from} on`;
    case "propose":
      return `proposes ${configurationText(effect.proposal.configuration)}`;
    case "commit":
      return `commits up to ${replica.commitPoint}`;
    case "role":
      return `is ${replica.primary === undefined ? replica.role : `primary, ${replica.primary.phase}`}, e${replica.epoch}`;
    case "openEpoch":
      return `opens e${replica.epoch}`;
    case "fetchSnapshot":
      return `fetches a snapshot from ${effect.from}${attemptText(effect.attempt)}`;
    case "discard":
      return `forgets what was evaluated behind ${effect.after}`;
    case "readConfiguration":
      return "asks for the configuration";
  }
}

function configurationText({
  epoch,
  primary,
  secondaries,
  released,
  reason,
}: ConfigurationData | Configuration): string {
  const names = [primary, ...secondaries].map(memberText).join(" ");
  return `e${epoch}: ${names}${released ? " (released)" : ""}, "${reason}"`;
}

function memberText({ id, incarnation }: Member): string {
  return incarnation === 1 ? id : `${id}.${incarnation}`;
}

function recordText({ epoch, firstSeq, lastSeq, bytes }: LogRecord): string {
  const count = decodeEntries(bytes).length;
  return `${firstSeq}..${lastSeq} of e${epoch} (${count})`;
}

function attemptText(attempt: number): string {
  return attempt === 0 ? "" : ` #${attempt}`;
}
