import assert from "node:assert/strict";
import { test } from "node:test";
import { DispatchNode } from "./dispatchNode.ts";

const REFUSAL = "-ERR this changes more than the log takes at once, with what the transaction has changed before";
const ENTRY_BYTES_MAX = 600;
const LONG = "v".repeat(300);

/** A node with values of every type of which an entry takes one. */
function node(): DispatchNode {
  const made = new DispatchNode();
  made.follow(`
    > SET s ${LONG}
    +OK
    > SADD set ${LONG} x
    :2
    > ZADD zset 1 ${LONG} 2 x
    :2
    > RPUSH list ${LONG} x
    :2
    > HSET hash field ${LONG}
    :1
  `);
  made.entryBytesMax = ENTRY_BYTES_MAX;
  return made;
}

test("a command with longer arguments than an entry takes is refused, and changes nothing", () => {
  const made = node();
  made.follow(`
    > MSET a ${LONG} b ${LONG}
    ${REFUSAL}
    > EXISTS a b
    :0
    > MSET a ${LONG} b 1
    +OK
    > MGET b c
    *2 $1 1 $-1
    > GET ${LONG}${LONG}${LONG}
    $-1
  `);
});

test("in a transaction it has the error in its place, and what came before stays", () => {
  for (const [command, answer, target] of [
    [`SET t ${LONG}`, "+OK", "t"],
    ["COPY s t", ":1", "t"],
    ["COPY hash t", ":1", "t"],
    ["RENAME s t", "+OK", "t"],
    ["RENAMENX list t", ":1", "t"],
    ["SUNIONSTORE t set", ":2", "t"],
    ["SINTERSTORE t set", ":2", "t"],
    ["ZUNIONSTORE t 1 zset", ":2", "t"],
    ["ZRANGESTORE t zset 0 -1", ":2", "t"],
    ["LMOVE list t LEFT RIGHT", `$300 ${LONG}`, "t"],
    [`SMOVE set t ${LONG}`, ":1", "t"],
  ] as const) {
    const alone = node();
    alone.follow(`
      > ${command}
      ${answer}
      > EXISTS ${target}
      :1
    `);
    const made = node();
    made.follow(`
      > MULTI
      +OK
      > SET before ${LONG}
      +QUEUED
      > ${command}
      +QUEUED
      > EXEC
      *2 +OK ${REFUSAL}
      > EXISTS before ${target} s list set hash zset
      :6
      > LLEN list
      :2
      > SCARD set
      :2
    `);
  }
});

test("so has one that takes too much away", () => {
  for (const command of ["ZPOPMIN zset 1", "ZMPOP 1 zset MIN", "BZPOPMIN zset 0", "ZREMRANGEBYRANK zset 0 0"]) {
    const made = node();
    made.follow(`
      > MULTI
      +OK
      > SET before ${LONG}
      +QUEUED
      > ${command}
      +QUEUED
      > EXEC
      *2 +OK ${REFUSAL}
      > ZCARD zset
      :2
    `);
  }
  assert.ok(LONG.length * 2 >= ENTRY_BYTES_MAX);
});
