import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keySlot } from "../../../../src/base/crc16.ts";
import { Args } from "../../../../src/core/command/args.ts";
import type { Call } from "../../../../src/core/command/call.ts";
import { commandTable } from "../../../../src/core/command/commandTable.ts";
import { openSession, type Session } from "../../../../src/core/command/session.ts";
import { ANY_SLOT, CROSS_SLOT, NO_SLOT, RequestSlots } from "../../../../src/worker/slots/requestSlot.ts";

const ORIGIN = { id: 1, address: "", localAddress: "", createdAt: 0, protocol: 2, authenticated: true } as const;

function slotOf(line: string, isAny = false, session: Session = openSession(ORIGIN)): number {
  const args = Args.of(...line.split(" "));
  return new RequestSlots(commandTable).of({ args, session } as Call, commandTable.find(args)!, isAny);
}

describe("the slot of a request", () => {
  it("is that of its key, of the hash tag if there is one", () => {
    for (const key of ["a", "{a}b", "{}b", "a{b", "x{yz}{a}", "{{a}b}"])
      assert.equal(slotOf(`GET ${key}`), keySlot(key));
    assert.equal(slotOf("SET a b"), keySlot("a"));
    assert.equal(slotOf("PING"), NO_SLOT);
    assert.equal(slotOf("FLUSHALL"), NO_SLOT);
  });

  it("is looked for only where it matters", () => {
    assert.equal(slotOf("GET a", true), ANY_SLOT);
    assert.equal(slotOf("MGET a", true), ANY_SLOT);
    assert.equal(slotOf("MGET {a}1 {a}2", true), keySlot("a"));
    assert.equal(slotOf("MGET a b", true), CROSS_SLOT);
  });

  it("is one for all keys, wherever they stand", () => {
    assert.equal(slotOf("MSET {a}1 b {a}2 c"), keySlot("a"));
    assert.equal(slotOf("MSET a b c d"), CROSS_SLOT);
    assert.equal(slotOf("ZUNIONSTORE {a}1 2 {a}2 {a}3 WEIGHTS 1 2"), keySlot("a"));
    assert.equal(slotOf("ZUNIONSTORE a 2 {a}2 b"), CROSS_SLOT);
    assert.equal(slotOf("ZUNIONSTORE a x b"), NO_SLOT, "the command refuses it");
    assert.equal(slotOf("COPY a b"), CROSS_SLOT);
    assert.equal(slotOf("BLPOP {a}1 {a}2 0"), keySlot("a"));
    assert.equal(slotOf("BLPOP a b 0"), CROSS_SLOT);
    assert.equal(slotOf("WATCH a b"), CROSS_SLOT);
  });

  it("of EXEC is that of all that waits for it", () => {
    const session = openSession(ORIGIN);
    const queued = (line: string) => {
      const args = Args.of(...line.split(" "));
      return { spec: commandTable.find(args)!, args };
    };
    assert.equal(slotOf("EXEC", true, session), NO_SLOT);
    session.transaction = { queue: [queued("PING"), queued("GET {a}1")], queuedBytes: 0, aborted: false };
    assert.equal(slotOf("EXEC", true, session), keySlot("a"));
    session.transaction.queue.push(queued("SET {a}2 x"));
    assert.equal(slotOf("EXEC", false, session), keySlot("a"));
    session.transaction.queue.push(queued("GET b"));
    assert.equal(slotOf("EXEC", true, session), CROSS_SLOT);
  });
});
