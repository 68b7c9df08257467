import { below } from "../../../base/random.ts";
import type { SetValue } from "../../state/values/setValue.ts";
import type { Call } from "../call.ts";
import { fail, hasRoomFor, SYNTAX_ERROR } from "../errors.ts";
import { keyAt } from "../lists/keySpecs.ts";
import { readSet } from "../lookup.ts";
import { argCount } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { argPickCount, distinctPositions, replyRepeatedPicks } from "./randomPicks.ts";

export const spop: CommandSpec = {
  name: "spop",
  arity: -2,
  flags: ["write", "fast"],
  group: "set",
  since: "1.0.0",
  summary: "Remove and return one or multiple random members from a set",
  syntax: "key#0 [count<integer>@3.2.0]",
  complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
  keys: [keyAt(1, "RW", "access", "delete")],
  history: [["3.2.0", "Added the `count` argument."]],
  hints: ["nondeterministic_output"],
  evaluate(call: Call): void {
    const { args, reply } = call;
    if (args.length === 2) return popOne(call);
    if (args.length > 3) return fail(call, SYNTAX_ERROR);
    const count = argCount(call, 2);
    if (count === undefined) return;
    const key = args.text(1);
    const set = readSet(call, key);
    if (set === null) return;
    const members = set === undefined ? [] : distinctMembers(call, set, count);
    if (members.length > 0 && members.length === set?.length) call.mutate.delete(key);
    else if (members.length > 0) {
      if (!hasRoomFor(call, members)) return;
      call.mutate.setRemove(key, members);
    }
    reply.set(members.length);
    for (const member of members) reply.bulk(member);
  },
};

function popOne(call: Call): void {
  const key = call.args.text(1);
  const set = readSet(call, key);
  if (set === null) return;
  if (set === undefined) return call.reply.null();
  const member = randomMember(call, set);
  if (!hasRoomFor(call, [member])) return;
  call.mutate.setRemove(key, [member]);
  call.reply.bulk(member);
}

export const srandmember: CommandSpec = {
  name: "srandmember",
  arity: -2,
  flags: ["readonly"],
  group: "set",
  since: "1.0.0",
  summary: "Get one or multiple random members from a set",
  syntax: "key#0 [count<integer>@2.6.0]",
  complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.",
  keys: [keyAt(1, "RO", "access")],
  history: [["2.6.0", "Added the optional `count` argument."]],
  hints: ["nondeterministic_output"],
  evaluate(call: Call): void {
    const { args, reply } = call;
    if (args.length === 2) return replyOneMember(call);
    if (args.length > 3) return fail(call, SYNTAX_ERROR);
    const count = argPickCount(call, 2);
    if (count === undefined) return;
    const set = readSet(call, args.text(1));
    if (set === null) return;
    if (set === undefined) return reply.array(0);
    if (count >= 0n) return reply.bulks(distinctMembers(call, set, Number(count)));
    const begin = (picks: number) => reply.array(picks);
    const write = (position: number) => reply.bulk(set.memberAt(position)!);
    replyRepeatedPicks(call, Number(-count), set.length, begin, write);
  },
};

function replyOneMember(call: Call): void {
  const set = readSet(call, call.args.text(1));
  if (set === null) return;
  if (set === undefined) call.reply.null();
  else call.reply.bulk(randomMember(call, set));
}

function randomMember(call: Call, set: SetValue): string {
  return set.memberAt(below(call.random, set.length))!;
}

/** `count` different members, or as many as there are. */
function distinctMembers(call: Call, set: SetValue, count: number): string[] {
  const members: string[] = [];
  if (count < set.length) {
    for (const position of distinctPositions(call.random, set.length, count)) members.push(set.memberAt(position)!);
  } else for (let i = 0; i < set.length; i++) members.push(set.memberAt(i)!);
  return members;
}
