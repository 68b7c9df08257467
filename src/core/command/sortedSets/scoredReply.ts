import type { Call } from "../call.ts";
import type { Reply } from "../reply.ts";

/** `count` members follow, with their scores: pairs of their own in RESP3, a flat array in RESP2. */
export function scoredHeader(reply: Reply, count: number): void {
  reply.array(reply.protocol === 3 ? count : count * 2);
}

/** One member of a `scoredHeader`. */
export function scoredMember(reply: Reply, member: string, score: number): void {
  if (reply.protocol === 3) reply.array(2);
  reply.bulk(member);
  reply.double(score);
}

/** The score of one member, or null where there is no such member. */
export function replyScore(call: Call, score: number | undefined): void {
  if (score === undefined) call.reply.null();
  else call.reply.double(score);
}
