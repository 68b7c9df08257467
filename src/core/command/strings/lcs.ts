import { VALUE_STRING } from "../../state/keySpace.ts";
import type { Ref } from "../../state/slab.ts";
import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { lookupArg } from "../lookup.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";
import { type LongestCommon, longestCommon } from "./longestCommon.ts";

/** Bytes of an entry in Redis's table, by which it measures the limit. */
const ENTRY_BYTES = 4;
const NO_BYTES = new Uint8Array(0);

interface LcsOptions {
  length: boolean;
  runs: boolean;
  withLengths: boolean;
  lengthMin: number;
}

export const lcs: CommandSpec = {
  name: "lcs",
  arity: -3,
  flags: ["readonly"],
  group: "string",
  since: "7.0.0",
  summary: "Find longest common substring",
  syntax: "key1#0 key2#0 [LEN] [IDX] [MINMATCHLEN=len<integer>] [WITHMATCHLEN]",
  complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
  keys: [{ flags: ["RO", "access"], begin: { index: 1 }, find: { lastKey: 1, keyStep: 1, limit: 0 } }],
  evaluate(call: Call): void {
    const a = stringOf(call, lookupArg(call, 1))?.slice();
    const b = stringOf(call, lookupArg(call, 2));
    if (a === undefined || b === undefined) return fail(call, "ERR The specified keys must contain string values");
    const options = parseOptions(call);
    if (options === undefined) return;
    if ((a.length + 1) * (b.length + 1) * ENTRY_BYTES > call.node.settings.integer("proto-max-bulk-len")) {
      return fail(call, "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    }
    const common = longestCommon(a, b);
    if (options.runs) replyRuns(call, common, options);
    else if (options.length) call.reply.integer(common.length);
    else call.reply.bulkBytes(common.text);
  },
};

function stringOf(call: Call, ref: Ref): Uint8Array | undefined {
  if (ref === 0) return NO_BYTES;
  return call.state.type(ref) === VALUE_STRING ? call.state.stringView(ref) : undefined;
}

/** Undefined after an error reply. */
function parseOptions(call: Call): LcsOptions | undefined {
  const { args } = call;
  const options: LcsOptions = { length: false, runs: false, withLengths: false, lengthMin: 0 };
  for (let i = 3; i < args.length; i++) {
    if (args.is(i, "idx")) options.runs = true;
    else if (args.is(i, "len")) options.length = true;
    else if (args.is(i, "withmatchlen")) options.withLengths = true;
    else if (args.is(i, "minmatchlen") && i + 1 < args.length) {
      const lengthMin = argInteger(call, ++i);
      if (lengthMin === undefined) return undefined;
      options.lengthMin = lengthMin;
    } else {
      fail(call, SYNTAX_ERROR);
      return undefined;
    }
  }
  if (!options.runs || !options.length) return options;
  fail(call, "ERR If you want both the length and indexes, please just use IDX.");
  return undefined;
}

function replyRuns(call: Call, common: LongestCommon, options: LcsOptions): void {
  const { reply } = call;
  const runs = common.runs.filter(({ aStart, aEnd }) => aEnd - aStart + 1 >= options.lengthMin);
  reply.map(2);
  reply.bulk("matches");
  reply.array(runs.length);
  for (const { aStart, aEnd, bStart, bEnd } of runs) {
    reply.array(options.withLengths ? 3 : 2);
    reply.array(2);
    reply.integer(aStart);
    reply.integer(aEnd);
    reply.array(2);
    reply.integer(bStart);
    reply.integer(bEnd);
    if (options.withLengths) reply.integer(aEnd - aStart + 1);
  }
  reply.bulk("len");
  reply.integer(common.length);
}
