import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { checkAcknowledged } from "../../../sim/checker/acknowledged.ts";
import { formatOperations } from "../../../sim/checker/counterexample.ts";
import type { Operation } from "../../../sim/checker/history.ts";
import { checkLinearizable } from "../../../sim/checker/linearizability.ts";
import { checkTransactions } from "../../../sim/checker/transactions.ts";
import { HistoryRecorder } from "../../support/historyRecorder.ts";
import { TransactionRecorder } from "../../support/historyRecorderTransactions.ts";
import { startHoldfast } from "../../support/holdfastServer.ts";
import { runSeed } from "../../support/runSeed.ts";
import { FakeReplica, type FakeRules } from "./fakeReplica.ts";

const KILLS = 3;
/** Fake servers answer at once; only a machine that is busy with other things makes them seem slow. */
const PATIENT = { runMillisMax: 120_000, requestMillisMax: 60_000 };

function assertLinearizable(history: readonly Operation[]): void {
  const verdict = checkLinearizable(history);
  const story = verdict.code === "violation" ? `${verdict.reason}\n${formatOperations(verdict.operations)}` : "";
  assert.equal(verdict.code, "ok", `seed ${runSeed}, key ${"key" in verdict ? verdict.key : ""}: ${story}`);
}

test(`a node killed with -9 under load, ${KILLS} times, keeps a linearizable history`, async (t) => {
  let server = await startHoldfast();
  try {
    const endpoints = [{ name: "n1", host: server.host, port: server.port }];
    const recorder = new HistoryRecorder({ endpoints, seed: runSeed, runMillisMax: 60_000, operationsMax: 60_000 });
    for (let kills = 0; kills < KILLS; kills++) {
      const before = recorder.counts.ok;
      for (let waits = 0; waits < 100 && recorder.counts.ok < before + 300; waits++) await sleep(20);
      await server.kill();
      server = await server.restart();
    }
    await sleep(200);
    const history = await recorder.stop();
    const { ok, refused, unknown } = recorder.counts;
    t.diagnostic(`${ok} acknowledged, ${refused} refused, ${unknown} of unknown outcome`);
    assert.ok(ok >= 300 * KILLS, `only ${ok} operations: the load was too weak`);
    assert.ok(unknown > 0, "no request was under way when the node was killed");
    assertLinearizable(history);
    const fates = checkAcknowledged(history, await recorder.finalContents());
    assert.deepEqual(fates.problems, []);
    t.diagnostic(`of those without an answer: ${JSON.stringify(fates.unknown)}`);
  } finally {
    await server.removeData();
  }
});

test("transactions on a node killed with -9 are strictly serializable", async (t) => {
  let server = await startHoldfast();
  try {
    const endpoints = [{ name: "n1", host: server.host, port: server.port }];
    const recorder = new TransactionRecorder({
      endpoints,
      seed: runSeed,
      runMillisMax: 60_000,
      transactionsMax: 4_000,
    });
    for (let waits = 0; waits < 100 && recorder.size < 500; waits++) await sleep(20);
    await server.kill();
    server = await server.restart();
    await sleep(200);
    const history = await recorder.stop();
    const count = (outcome: string): number => history.filter((it) => it.outcome === outcome).length;
    t.diagnostic(`${count("ok")} acknowledged, ${count("refused")} refused, ${count("unknown")} of unknown outcome`);
    assert.ok(count("ok") > 500 && count("unknown") > 0);
    assert.deepEqual(checkTransactions(history), { code: "ok", transactions: history.length });
  } finally {
    await server.removeData();
  }
});

describe("against servers that break their promises", () => {
  async function record(rules: readonly FakeRules[]) {
    const data = new Map<string, string | string[]>();
    const replicas = await Promise.all(rules.map((it) => FakeReplica.start(data, it)));
    try {
      const endpoints = replicas.map(({ port }, index) => ({ name: `n${index + 1}`, host: "127.0.0.1", port }));
      const recorder = new HistoryRecorder({ endpoints, seed: runSeed, ...PATIENT, operationsMax: 4_000 });
      const history = await recorder.finished();
      return { history, counts: recorder.counts, finals: await recorder.finalContents() };
    } finally {
      await Promise.all(replicas.map((it) => it.stop()));
    }
  }

  test("an honest one passes", async () => {
    const { history, counts, finals } = await record([{}, {}]);
    assert.deepEqual(counts, { ok: 4_000, refused: 0, unknown: 0 });
    assertLinearizable(history);
    assert.deepEqual(checkAcknowledged(history, finals).problems, []);
  });

  test("the stale read of a lagging replica is found, and told", async () => {
    const verdict = checkLinearizable((await record([{}, { lagMillis: 30 }])).history);
    assert.equal(verdict.code, "violation");
    if (verdict.code !== "violation") return;
    assert.ok(verdict.operations.length <= 6);
    assert.match(formatOperations(verdict.operations), / n2 /);
  });

  test("a lost write is found by both checkers", async () => {
    const { history, finals } = await record([{ loseOneIn: 50 }]);
    assert.equal(checkLinearizable(history).code, "violation");
    const codes = new Set(checkAcknowledged(history, finals).problems.map((it) => it.code));
    assert.ok(codes.has("lost"), [...codes].join());
  });

  test("refused writes are no operations, and clients follow MOVED", async () => {
    const data = new Map<string, string | string[]>();
    const primary = await FakeReplica.start(data);
    const moved = await FakeReplica.start(data, { refuseWrites: `MOVED 0 127.0.0.1:${primary.port}` });
    try {
      const endpoints = [moved, primary].map(({ port }, index) => ({ name: `n${index}`, host: "127.0.0.1", port }));
      const recorder = new HistoryRecorder({ endpoints, seed: runSeed, ...PATIENT, operationsMax: 2_000 });
      const history = await recorder.finished();
      const { refused, unknown } = recorder.counts;
      assert.ok(refused >= 1 && refused <= 100, `${refused} refused`);
      assert.equal(unknown, 0);
      assertLinearizable(history);
    } finally {
      await Promise.all([primary.stop(), moved.stop()]);
    }
  });

  test("a server that answers only the first greeting leaves the outcome open, and the load ends", async () => {
    const silent = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", () => socket.write("+PONG\r\n"));
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = silent.address() as AddressInfo;
      const endpoints = [{ name: "n1", host: "127.0.0.1", port }];
      const recorder = new HistoryRecorder({
        endpoints,
        seed: runSeed,
        runMillisMax: 400,
        requestMillisMax: 100,
        reads: "primary",
      });
      const history = await recorder.finished();
      assert.ok(history.length >= 8 && history.every((it) => it.outcome === "unknown"));
      assertLinearizable(history);
    } finally {
      await new Promise((resolve) => silent.close(resolve));
    }
  });

  test("a load ends at its deadline though nobody listens", async () => {
    const endpoints = [{ name: "n1", host: "127.0.0.1", port: 1 }];
    const recorder = new HistoryRecorder({ endpoints, seed: runSeed, runMillisMax: 200 });
    assert.deepEqual(await recorder.finished(), []);
  });
});
