import type { Call } from "../call.ts";
import { fail, SYNTAX_ERROR } from "../errors.ts";
import { dependOnAll } from "../generic/peek.ts";
import { argInteger } from "../numbers.ts";
import type { CommandSpec } from "../spec.ts";

export const dbsize: CommandSpec = {
  name: "dbsize",
  arity: 1,
  flags: ["readonly", "fast"],
  group: "server",
  since: "1.0.0",
  summary: "Return the number of keys in the selected database",
  complexity: "O(1)",
  categories: ["@keyspace"],
  hints: ["request_policy:all_shards", "response_policy:agg_sum"],
  evaluate: (call) => {
    dependOnAll(call);
    call.reply.integer(call.state.size - call.state.hiddenKeys);
  },
};

export const flushall: CommandSpec = flushing("flushall", "Remove all keys from all databases", "in all databases");
export const flushdb: CommandSpec = flushing(
  "flushdb",
  "Remove all keys from the current database",
  "in the selected database",
);

function flushing(name: string, summary: string, where: string): CommandSpec {
  return {
    name,
    arity: -1,
    flags: ["write"],
    group: "server",
    since: "1.0.0",
    summary,
    syntax: "[async(ASYNC@4.0.0|SYNC@6.2.0)]",
    complexity: `O(N) where N is the ${name === "flushall" ? "total " : ""}number of keys ${where}`,
    categories: ["@keyspace", "@dangerous"],
    hints: ["request_policy:all_shards", "response_policy:all_succeeded"],
    history: [
      ["4.0.0", "Added the `ASYNC` flushing mode modifier."],
      ["6.2.0", "Added the `SYNC` flushing mode modifier."],
    ],
    evaluate: evaluateFlush,
  };
}

/** Forgetting all keys is one mutation and takes no time that depends on their number: `ASYNC` and `SYNC` are the same. */
function evaluateFlush(call: Call): void {
  const { args, state } = call;
  if (args.length > 2 || (args.length === 2 && !args.is(1, "async") && !args.is(1, "sync"))) {
    return fail(call, SYNTAX_ERROR);
  }
  if (state.size + state.sessionRows > 0) call.mutate.clear();
  else dependOnAll(call);
  call.reply.ok();
}

export const swapdb: CommandSpec = {
  name: "swapdb",
  arity: 3,
  flags: ["write", "fast"],
  group: "server",
  since: "4.0.0",
  summary: "Swaps two Redis databases",
  syntax: "index1<integer> index2<integer>",
  complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.",
  categories: ["@keyspace", "@dangerous"],
  evaluate: evaluateSwapdb,
};

/** There is one database, so all there is to swap is that one with itself. */
function evaluateSwapdb(call: Call): void {
  const first = argInteger(call, 1, "ERR invalid first DB index");
  if (first === undefined) return;
  const second = argInteger(call, 2, "ERR invalid second DB index");
  if (second === undefined) return;
  if (first !== 0 || second !== 0) fail(call, "ERR DB index is out of range");
  else call.reply.ok();
}

export const time: CommandSpec = {
  name: "time",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  group: "server",
  since: "2.6.0",
  summary: "Return the current server time",
  complexity: "O(1)",
  hints: ["nondeterministic_output"],
  evaluate: ({ node, reply }) => {
    const micros = node.wallMicros();
    reply.array(2);
    reply.bulk(String(Math.floor(micros / 1e6)));
    reply.bulk(String(micros % 1e6));
  },
};
