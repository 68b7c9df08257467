import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newSession } from "../../../sim/oracle/session.ts";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { decodeLatin1, latin1Bytes } from "../../../src/base/latin1.ts";
import { KvArgs } from "../../../src/worker/api/kvArgs.ts";
import { checkRequest } from "../../../src/worker/api/kvCheck.ts";
import { kvTable } from "../../../src/worker/api/kvCommands.ts";
import { INCREMENT, PUT, readRequest } from "../../../src/worker/api/kvRequest.ts";
import { SESSION_MILLIS_MAX, SESSION_RANDOM_BYTES, sessionId } from "../../../src/worker/api/kvSessions.ts";
import { Positions } from "../../../src/worker/api/position.ts";
import { WireReader } from "../../../src/worker/api/wireReader.ts";
import { putBytes, putMessage, putSigned, putUnsigned } from "../../../src/worker/api/wireWriter.ts";
import type { Client, ClientSink, Output } from "../../../src/worker/client.ts";
import { GroupAccess, type GroupAccessParts } from "../../../src/worker/replication/access.ts";
import { LOG_MICROS, NodeRig } from "./nodeRig.ts";

const MINUTE = 60_000;
const ERROR = 2;
const MINUS = 0x2d;

interface Answer {
  readonly id: number;
  readonly field: number;
  readonly text: string;
}

/** A client of the API at a node in simulated time. */
class Caller implements ClientSink {
  readonly rig: NodeRig;
  readonly client: Client;
  readonly answers: Answer[] = [];
  #calls = 0;

  constructor(rig: NodeRig) {
    this.rig = rig;
    const { executor, replica } = rig.node;
    const node = {
      positions: new Positions("g"),
      settledSeq: () => replica.commitPoint,
      stateSeq: () => rig.node.stateSeq,
      ownerOf: () => "",
    };
    this.client = executor.connect(newSession(77, 2), this, kvTable(node));
  }

  increment(session: Uint8Array, number: number, firstOpen = 0): void {
    const body = new ByteWriter();
    putBytes(body, 1, latin1Bytes("counter"));
    putSigned(body, 2, 1);
    this.#send(INCREMENT, body, session, number, firstOpen);
  }

  put(key: string, session: Uint8Array, number: number, firstOpen = 0): void {
    const body = new ByteWriter();
    putBytes(body, 1, latin1Bytes(key));
    this.#send(PUT, body, session, number, firstOpen);
  }

  #send(
    method: typeof INCREMENT | typeof PUT,
    body: ByteWriter,
    session: Uint8Array,
    number: number,
    firstOpen: number,
  ): void {
    const once = new ByteWriter();
    putBytes(once, 1, session);
    putUnsigned(once, 2, number);
    putUnsigned(once, 3, firstOpen);
    putMessage(body, 15, once);
    const request = readRequest(method, body.slice());
    assert.equal(checkRequest(request), undefined);
    const { executor } = this.rig.node;
    executor.beginTurn();
    assert.ok(executor.mayExecute(this.client));
    executor.run(this.client, new KvArgs().fill(request, ++this.#calls, "kv"));
    executor.finish(this.client);
  }

  send(output: Output): void {
    const bytes = typeof output === "string" ? latin1Bytes(output) : output;
    // The executor refuses in Redis's words, which the gateway translates.
    if (bytes[0] === MINUS) {
      this.answers.push({ id: 0, field: ERROR, text: decodeLatin1(bytes) });
      return;
    }
    const calls = new WireReader(bytes);
    while (calls.next()) {
      const end = calls.bytesField();
      const answer = new WireReader(bytes, calls.start, end);
      answer.next();
      const id = answer.unsigned();
      answer.next();
      const stop = answer.bytesField();
      this.answers.push({
        id,
        field: answer.field,
        text: Buffer.from(bytes.subarray(answer.start, stop)).toString("latin1"),
      });
    }
  }

  end(): void {}
  destroy(): void {}
  resume(): void {}

  /** What the newest answer says. */
  get newest(): Answer {
    return this.answers.at(-1)!;
  }

  async answered(): Promise<Answer> {
    const before = this.answers.length;
    for (let i = 0; i < 100 && this.answers.length === before; i++) await this.rig.pass(LOG_MICROS);
    assert.ok(this.answers.length > before, "no answer");
    return this.newest;
  }
}

function openSession(rig: NodeRig, ttlMillis: number, name = 1): Uint8Array {
  return sessionId(rig.clock.wall() + ttlMillis, new Uint8Array(SESSION_RANDOM_BYTES).fill(name));
}

describe("writes of sessions at a node", () => {
  test("one that is sent again before it is committed is executed once, and answered with it", async () => {
    const rig = await NodeRig.open();
    const [first, second] = [new Caller(rig), new Caller(rig)];
    const session = openSession(rig, MINUTE);
    first.increment(session, 1);
    second.increment(session, 1);
    await rig.pass(LOG_MICROS / 2);
    assert.equal(first.answers.length + second.answers.length, 0, "nobody hears of what is not committed");
    await rig.pass(20 * LOG_MICROS);
    assert.equal(first.newest.field, INCREMENT);
    assert.deepEqual(second.newest, first.newest);
    const entries = rig.node.replica.nextSeq;
    second.increment(session, 1);
    assert.deepEqual(second.newest, { ...first.newest, id: 2 }, "at once: nothing is written");
    assert.equal(rig.node.replica.nextSeq, entries);
    second.increment(session, 2);
    assert.notEqual((await second.answered()).text, first.newest.text);
  });

  test("are remembered after a crash", async () => {
    const rig = await NodeRig.open();
    const session = openSession(rig, 10 * MINUTE);
    const before = new Caller(rig);
    for (let number = 1; number <= 3; number++) before.increment(session, number);
    await rig.pass(20 * LOG_MICROS);
    for (const how of ["crash", "kill"] as const) {
      await rig.restart(how);
      const after = new Caller(rig);
      for (let number = 1; number <= 3; number++) after.increment(session, number);
      await rig.pass(20 * LOG_MICROS);
      assert.deepEqual(after.answers, before.answers);
    }
  });

  test("a session's end is the end of new writes; what is remembered goes later, by the log", async () => {
    const rig = await NodeRig.open();
    const caller = new Caller(rig);
    const session = openSession(rig, MINUTE);
    caller.increment(session, 1);
    const first = await caller.answered();
    await rig.pass((MINUTE + 1_000) * 1_000);
    caller.increment(session, 2);
    assert.equal(caller.newest.field, ERROR);
    assert.match(caller.newest.text, /the session has ended/);
    caller.increment(session, 1);
    assert.deepEqual(caller.newest, { ...first, id: 3 }, "what is known is told");
    const { state, replica } = rig.node;
    const before = replica.nextSeq;
    assert.equal(state.sessionRows, 1);
    await rig.pass(4 * MINUTE * 1_000);
    assert.equal(state.sessionRows, 1, "no clock may take it for one in which nothing was executed");
    await rig.pass(2 * MINUTE * 1_000);
    assert.equal(state.sessionRows, 0);
    assert.equal(replica.nextSeq, before + 1, "one entry has removed it");
    assert.equal(state.statistics.expired, 0);
    caller.increment(session, 1);
    assert.match(caller.newest.text, /the session has ended/);
    await rig.restart("crash");
    assert.equal(rig.node.state.sessionRows, 0);
  });

  test("a session that nobody can have opened is none", async () => {
    const rig = await NodeRig.open();
    const caller = new Caller(rig);
    caller.increment(openSession(rig, SESSION_MILLIS_MAX + 30_000), 1);
    assert.equal((await caller.answered()).field, INCREMENT, "clocks differ a little");
    caller.increment(openSession(rig, SESSION_MILLIS_MAX + 2 * MINUTE), 1);
    assert.match(caller.newest.text, /nobody has opened it/);
    assert.equal(rig.node.state.sessionRows, 1);
  });

  test("the answers of a slot and a session are limited, until some are received", async () => {
    const rig = await NodeRig.open();
    const caller = new Caller(rig);
    const session = openSession(rig, MINUTE);
    for (let number = 1; number <= 1_000; number++) caller.increment(session, number);
    await caller.answered();
    caller.increment(session, 1_001);
    assert.match(caller.newest.text, /1000 answers/);
    caller.put("elsewhere", session, 1_001);
    assert.equal((await caller.answered()).field, PUT, "another slot has its own");
    caller.increment(session, 1_001, 3);
    assert.equal((await caller.answered()).field, INCREMENT);
    caller.increment(session, 2);
    assert.match(caller.newest.text, /below first_open/);
    caller.increment(session, 1_001);
    assert.equal(caller.newest.field, INCREMENT);
  });

  test("one that was executed is answered while writes are refused; others are refused, and that is not remembered", async () => {
    const rig = await NodeRig.open();
    const caller = new Caller(rig);
    const session = openSession(rig, MINUTE);
    caller.increment(session, 1);
    await caller.answered();
    caller.increment(session, 3, 3);
    const done = await caller.answered();
    rig.logDisk.capacityBytes = 0;
    caller.put("refused", session, 4);
    assert.match((await caller.answered()).text, /no space left/);
    await rig.pass(100_000);
    const last = rig.node.replica.nextSeq;
    caller.increment(session, 3, 3);
    assert.deepEqual(caller.newest, { ...done, id: 4 });
    caller.increment(session, 1);
    assert.match(caller.newest.text, /below first_open/);
    caller.put("counter", session, 3);
    assert.match(caller.newest.text, /another write/);
    for (const number of [4, 5]) {
      caller.increment(session, number);
      assert.match(caller.newest.text, /no space left/);
      caller.put("refused", session, number);
      assert.match(caller.newest.text, /no space left/);
    }
    assert.equal(rig.node.state.sessionRows, 1);
    assert.equal(rig.node.replica.nextSeq, last, "nothing is written");
    rig.logDisk.capacityBytes = Number.MAX_SAFE_INTEGER;
    await rig.pass(2_000_000);
    caller.put("refused", session, 4);
    assert.equal((await caller.answered()).field, PUT);
    caller.increment(session, 5);
    assert.equal((await caller.answered()).field, INCREMENT);
  });

  test("one that was executed is answered while a group has too few replicas for writes", async () => {
    const rig = await NodeRig.open();
    const caller = new Caller(rig);
    const session = openSession(rig, MINUTE);
    caller.increment(session, 1);
    const first = await caller.answered();
    const replica = { role: "primary", mayEvaluate: true, mayServe: () => true };
    const configuration = { secondaries: [], minReplicas: 2 };
    let now = 0;
    rig.node.executor.access = new GroupAccess({
      ...({ replica: { ...replica, configuration }, slots: undefined } as unknown as GroupAccessParts),
      now: () => now,
    }).judge;
    caller.increment(session, 1);
    assert.deepEqual(caller.newest, { ...first, id: 2 });
    caller.increment(session, 2);
    assert.equal(caller.answers.length, 2, "it waits");
    now = 10_000;
    rig.node.executor.tryHeld();
    assert.match((await caller.answered()).text, /NOREPLICAS/);
  });

  test("FLUSHALL forgets them, also where nothing else is", async () => {
    const rig = await NodeRig.open();
    const caller = new Caller(rig);
    const session = openSession(rig, MINUTE);
    caller.increment(session, 1);
    await caller.answered();
    const redis = rig.client();
    redis.request("DEL counter", "FLUSHALL");
    await rig.pass(20 * LOG_MICROS);
    assert.equal(redis.take(), ":1 +OK ");
    assert.equal(rig.node.state.sessionRows, 0);
    caller.increment(session, 1);
    assert.equal((await caller.answered()).field, INCREMENT);
  });
});
