import { SetValue } from "../../state/values/setValue.ts";
import type { Call } from "../call.ts";
import { putValue } from "../generic/transfer.ts";
import { readSet } from "../lookup.ts";

/** The sets at arguments `from` to before `to`, undefined where there is none; null after a `WRONGTYPE` of any. */
export function readSets(call: Call, from: number, to = call.args.length): (SetValue | undefined)[] | null {
  const sets: (SetValue | undefined)[] = [];
  for (let i = from; i < to; i++) {
    const set = readSet(call, call.args.text(i));
    if (set === null) return null;
    sets.push(set);
  }
  return sets;
}

/** Makes argument 1 the set of `members`, whatever it was, and replies how many there are. */
export function storeMembers(call: Call, members: readonly string[]): void {
  const key = call.args.text(1);
  const value = new SetValue();
  for (const member of members) value.add(member);
  if (putValue(call, key, value, 0)) call.reply.integer(members.length);
}

export function replyMembers(call: Call, members: readonly string[]): void {
  call.reply.set(members.length);
  for (const member of members) call.reply.bulk(member);
}
