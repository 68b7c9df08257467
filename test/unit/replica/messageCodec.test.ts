import assert from "node:assert/strict";
import { test } from "node:test";

import { epoch, seq } from "../../../src/base/ids.ts";
import { createPrng } from "../../../src/base/prng.ts";
import type { Configuration } from "../../../src/core/replica/configuration.ts";
import type { EpochRun } from "../../../src/core/replica/epochRuns.ts";
import type { Message } from "../../../src/core/replica/message.ts";
import { decodeMessage, encodeMessage } from "../../../src/core/replica/messageCodec.ts";
import { fc } from "../../support/properties.ts";

const anySeq = fc.integer({ min: 0, max: 2 ** 48 - 1 }).map(seq);
const anyCount = fc.maxSafeNat();
const anyEpoch = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(epoch);
const anyTime = fc.double({ noDefaultInfinity: true, noNaN: true });
const anyMember = fc.record({
  id: fc.string({ minLength: 1, unit: "binary" }),
  incarnation: fc.integer({ min: 1, max: 1_000_000 }),
});

function configurationOf(of: number): fc.Arbitrary<Configuration> {
  return fc
    .record({
      members: fc.uniqueArray(anyMember, { minLength: 1, maxLength: 5, selector: (member) => member.id }),
      minReplicas: fc.integer({ min: 1, max: 5 }),
      eligible: fc.array(anyMember, { maxLength: 3 }),
      nonce: fc.string({ unit: "binary" }),
      released: fc.boolean(),
      reason: fc.string({ unit: "binary" }),
      logEnd: fc.nat(),
      version: fc.nat(),
    })
    .map(({ members: [primary, ...secondaries], ...rest }) => ({
      epoch: epoch(of),
      primary: primary!,
      secondaries,
      ...rest,
    }));
}

const anyRuns = fc
  .record({
    steps: fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(1_000)), { minLength: 1 }),
    rest: fc.nat(),
  })
  .map(({ steps, rest }) => {
    const runs: EpochRun[] = [];
    let [runEpoch, firstSeq] = [0, 0];
    for (const [more, entries] of steps) {
      runs.push({ epoch: epoch(runEpoch), firstSeq: seq(firstSeq) });
      runEpoch += more;
      firstSeq += entries + 1;
    }
    return { runs, lastSeq: seq(runs[runs.length - 1]!.firstSeq + rest) };
  });

function appendOf(of: number): fc.Arbitrary<Message> {
  const head = fc.record({
    attempt: anyCount,
    prevSeq: fc.nat().map(seq),
    prevEpoch: fc.nat(of).map(epoch),
    commitPoint: anySeq,
    configuration: fc.option(configurationOf(of), { nil: undefined }),
  });
  const body = fc.option(fc.record({ entries: fc.nat(1_000), bytes: fc.uint8Array() }), { nil: undefined });
  return fc.tuple(head, body).map(([fields, record]) => ({
    kind: "append",
    epoch: epoch(of),
    ...fields,
    record:
      record === undefined
        ? undefined
        : {
            epoch: epoch(Math.max(1, fields.prevEpoch)),
            firstSeq: seq(fields.prevSeq + 1),
            lastSeq: seq(fields.prevSeq + 1 + record.entries),
            bytes: record.bytes,
          },
  }));
}

function beaconOf(of: number): fc.Arbitrary<Message> {
  const validMillis = anyTime.map((time) => Math.abs(time)).filter((time) => time > 0);
  return fc.record({
    kind: fc.constant("beacon" as const),
    epoch: fc.constant(epoch(of)),
    attempt: anyCount,
    sentAt: anyTime,
    commitPoint: anySeq,
    grant: fc.option(fc.record({ askedAt: anyTime, validMillis, barrier: anySeq }), { nil: undefined }),
    configuration: configurationOf(of),
  });
}

const anyConfigured = fc.integer({ min: 1, max: 1_000_000 }).chain((of) =>
  fc.oneof(
    appendOf(of),
    beaconOf(of),
    fc.record({
      kind: fc.constant("stale" as const),
      epoch: fc.constant(epoch(of)),
      configuration: configurationOf(of),
    }),
  ),
);

const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  { weight: 3, arbitrary: anyConfigured },
  fc.record({ kind: fc.constant("appended" as const), epoch: anyEpoch, attempt: anyCount, durable: anySeq }),
  fc
    .tuple(anyEpoch, anyCount, anyRuns)
    .map(([of, attempt, runs]) => ({ kind: "mismatch" as const, epoch: of, attempt, ...runs })),
  fc.record({ kind: fc.constant("committed" as const), epoch: anyEpoch, commitPoint: anySeq }),
  fc.record({ kind: fc.constant("beaconAck" as const), epoch: anyEpoch, sentAt: anyTime, askedAt: anyTime }),
  fc.record({ kind: fc.constant("revoke" as const), epoch: anyEpoch, sentAt: anyTime }),
  fc.record({ kind: fc.constant("released" as const), epoch: anyEpoch, sentAt: anyTime }),
  fc
    .tuple(anyCount, anyRuns, anySeq)
    .map(([attempt, runs, applied]) => ({ kind: "join" as const, attempt, ...runs, applied })),
  fc.record({ kind: fc.constant("needSnapshot" as const), epoch: anyEpoch, attempt: anyCount }),
  fc.record({ kind: fc.constant("leave" as const), epoch: anyEpoch }),
);

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

test("every message comes back from its bytes", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      assert.deepEqual(decodeMessage(joined(encodeMessage(message))), structuredClone(message));
    }),
    { numRuns: 2_000 },
  );
});

test("a record's bytes are copied neither way", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const record = { epoch: epoch(1), firstSeq: seq(5), lastSeq: seq(6), bytes };
  const head = { kind: "append", epoch: epoch(2), attempt: 0, prevSeq: seq(4), prevEpoch: epoch(1) } as const;
  const chunks = encodeMessage({ ...head, record, commitPoint: seq(3), configuration: undefined });
  assert.equal(chunks.at(-1), bytes);
  const wire = joined(chunks);
  const decoded = decodeMessage(wire);
  assert.ok(decoded?.kind === "append" && decoded.record !== undefined);
  assert.equal(decoded.record.bytes.buffer, wire.buffer);
  assert.deepEqual([...decoded.record.bytes], [1, 2, 3]);
});

test("no message is a beginning of another, and none has anything behind its end", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const wire = joined(encodeMessage(message));
      const isOpen = message.kind === "append" && message.record !== undefined;
      const end = isOpen ? wire.length - message.record.bytes.length : wire.length;
      for (let length = 0; length < end; length++) assert.equal(decodeMessage(wire.subarray(0, length)), undefined);
      if (!isOpen) assert.equal(decodeMessage(joined([wire, Uint8Array.of(0)])), undefined);
    }),
    { numRuns: 300 },
  );
});

test("damaged bytes are no message, or another whole one: nothing is thrown", () => {
  const prng = createPrng("codec");
  for (const message of fc.sample(anyMessage, { numRuns: 1_000, seed: 1 })) {
    const wire = joined(encodeMessage(message));
    for (let i = 0; i < 20; i++) {
      const damaged = wire.slice();
      damaged[prng.below(damaged.length)] = prng.below(256);
      const decoded = decodeMessage(damaged);
      if (decoded !== undefined) assert.deepEqual(decodeMessage(joined(encodeMessage(decoded))), decoded);
    }
  }
  for (let i = 0; i < 20_000; i++) {
    const garbage = new Uint8Array(prng.below(60));
    prng.fill(garbage);
    if (garbage.length > 0) garbage[0] = prng.below(14);
    decodeMessage(garbage);
  }
});

test("nonsense is refused", () => {
  const appended: Message = { kind: "appended", epoch: epoch(0), attempt: 0, durable: seq(1) };
  assert.equal(decodeMessage(joined(encodeMessage(appended))), undefined, "epoch 0");
  const late: Message = { ...appended, epoch: epoch(1), durable: seq(2 ** 48) };
  assert.equal(decodeMessage(joined(encodeMessage(late))), undefined, "seq 2^48");
  const revoke: Message = { kind: "revoke", epoch: epoch(1), sentAt: Number.POSITIVE_INFINITY };
  assert.equal(decodeMessage(joined(encodeMessage(revoke))), undefined, "infinite time");
  const unordered: Message = {
    kind: "join",
    attempt: 1,
    runs: [
      { epoch: epoch(2), firstSeq: seq(0) },
      { epoch: epoch(1), firstSeq: seq(3) },
    ],
    lastSeq: seq(9),
    applied: seq(0),
  };
  assert.equal(decodeMessage(joined(encodeMessage(unordered))), undefined, "falling epochs");
  const member = { id: "a", incarnation: 1 };
  const configuration: Configuration = {
    epoch: epoch(3),
    primary: member,
    secondaries: [],
    minReplicas: 1,
    eligible: [],
    nonce: "",
    released: false,
    reason: "",
    logEnd: 0,
    version: 1,
  };
  const twice = { ...configuration, secondaries: [member] };
  assert.equal(
    decodeMessage(joined(encodeMessage({ kind: "stale", epoch: epoch(3), configuration: twice }))),
    undefined,
    "one member twice",
  );
  assert.equal(
    decodeMessage(joined(encodeMessage({ kind: "stale", epoch: epoch(4), configuration }))),
    undefined,
    "another epoch",
  );
});
