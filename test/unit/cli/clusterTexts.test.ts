import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planText } from "../../../src/cli/carryOut.ts";
import { bytesText, durationText, rangesText, tableText } from "../../../src/cli/figures.ts";
import { leftOf } from "../../../src/cli/followMoves.ts";
import { heatText } from "../../../src/cli/hot.ts";
import { workText } from "../../../src/cli/moves.ts";
import { ProgressDisplay } from "../../../src/cli/progress.ts";
import { topologyText } from "../../../src/cli/topology.ts";
import { decisionsText } from "../../../src/cli/why.ts";
import type { ClusterWork, Topology } from "../../../src/platform/rpc/clusterService.ts";

const WORKER = { rpc: "h:1", present: true, version: "1", lentTo: "" };
const TOPOLOGY: Topology = {
  cluster: "c1",
  slotsVersion: 3,
  groups: [
    {
      ...{ name: "g1", epoch: 7, weight: 2, draining: false, slots: [[0, 9_999]] },
      workers: [
        { ...WORKER, id: "w1", role: "primary", redis: "h:6379" },
        { ...WORKER, id: "w2", role: "absent", redis: "", present: false },
      ],
    },
    { name: "g2", epoch: 0, weight: 1, draining: true, slots: [], workers: [] },
  ],
  spares: [{ ...WORKER, id: "w9", role: "spare", redis: "h:6389", lentTo: "g1" }],
  masters: [
    { id: "m1", active: true, rpc: "h:7300", http: "", version: "1" },
    { id: "m2", active: false, rpc: "h:7301", http: "", version: "1" },
  ],
  notices: ["6384 slots have no group"],
};

const MOVE: ClusterWork["moves"][number] = {
  ...{ id: "1-2", source: "g1", target: "g2", slots: [[0, 63]], state: "copying", paused: false, reason: "asked for" },
  ...{ plannedAt: 0, keysCopied: 45, keysTotal: 100, bytesCopied: 12_000_000, bytesTotal: 27_000_000 },
  ...{ bytesPerSecond: 8_100_000, lagMillis: 0, millisLeft: 1_900 },
};

describe("what commands about a cluster print", () => {
  it("figures as a person reads them", () => {
    assert.deepEqual([0, 999, 1_000, 123_456, 999_600, 5e12].map(bytesText), [
      "0 B",
      "999 B",
      "1.0 kB",
      "123 kB",
      "1.0 MB",
      "5.0 TB",
    ]);
    assert.deepEqual([100, 2_000, 89_000, 120_000, 9_000_000].map(durationText), [
      "under a second",
      "2 s",
      "89 s",
      "2 min",
      "2.5 h",
    ]);
    const long = Array.from({ length: 100 }, (_, n) => [2 * n, 2 * n] as const);
    assert.match(rangesText(long), /^0,2,4,.{1,60}… \(\d+ more\)$/);
    assert.equal(
      tableText([
        ["a", "b"],
        ["long", ""],
      ]),
      "a     b\nlong\n",
    );
  });

  it("a plan in its sentences, and its size", () => {
    const plan = {
      sentences: ["100 slots (0-99) from g1 to g2"],
      moves: [{ source: "g1", target: "g2", slots: [[0, 99] as const] }],
      ...{ keys: 1_234, bytes: 5_000_000, request: "", isDone: false, fingerprint: "" },
    };
    assert.equal(planText(plan), "100 slots (0-99) from g1 to g2\nin all 100 slots, 1234 keys, 5.0 MB\n");
    const many = { ...plan, sentences: Array.from({ length: 50 }, (_, n) => `line ${n}`), keys: undefined };
    assert.match(planText(many), /line 18\n… and 31 more lines\nin all 100 slots/);
  });

  it("the topology, one line a group", () => {
    assert.equal(
      topologyText(TOPOLOGY),
      [
        "cluster c1  slots version 3, 6384 slots without a group",
        "g1  10000 slots 0-9999  weight 2  epoch 7  primary w1 h:6379 | w2 missing",
        "g2  no slots  draining",
        "spares  w9 h:6389 lent to g1",
        "masters  m1 h:7300 active | m2 h:7301 standby",
        "6384 slots have no group",
        "",
      ].join("\n"),
    );
  });

  it("moves, and what waits", () => {
    const nothing: ClusterWork = { moves: [], wanted: [], isBalancing: false, isPaused: false };
    assert.equal(workText(nothing), "nothing moves\n");
    assert.equal(
      workText({ ...nothing, moves: [MOVE], wanted: [{ request: "r-1", slots: [[5, 5]], to: "g3" }], isPaused: true }),
      [
        "1-2  g1 to g2  64 slots 0-63  copying  45 %, 12.0 MB of 27.0 MB, 8.1 MB/s, 2 s left  (asked for)",
        "r-1  wanted: 1 slot to g3: 5",
        "everything is paused; holdfast moves resume all goes on",
        "",
      ].join("\n"),
    );
  });

  it("decisions with the newest last, and keys that do nothing to a terminal", () => {
    const decision = { at: 0, epoch: 1, kind: "move", text: "b", executed: true };
    const older = { ...decision, text: "a", executed: false };
    assert.equal(
      decisionsText([decision, older]),
      "1970-01-01 00:00:00  move: a (advice only)\n1970-01-01 00:00:00  move: b\n",
    );
    const workers = [{ worker: "w1", group: "g1", reads: 1, writes: 20.4, bytes: 1_000, load: 0.5, at: 0 }];
    const text = heatText({ workers, slots: [], keys: [{ key: "\u001b[31m", group: "g1", requests: 3 }] });
    assert.match(text, /^w1 +g1 +1\.0 +20 +1\.0 kB\/s +50 %$/m);
    assert.match(text, /^"\\u001b\[31m" +g1 +3\.0$/m);
  });
});

describe("how far a plan is", () => {
  const moves = [{ source: "g1", target: "g2", slots: [[9_990, 10_009] as const] }];

  it("counts the slots that are not at their target", () => {
    assert.equal(leftOf({ kind: "rebalance" }, { moves }, TOPOLOGY), 20);
    assert.equal(leftOf({ kind: "drain", group: "g1" }, { moves }, TOPOLOGY), 10, "a drained group only has to be rid");
  });

  function display(isTTY: boolean): { readonly shown: ProgressDisplay; readonly written: string[] } {
    const written: string[] = [];
    const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) };
    return { shown: new ProgressDisplay("slots", stream as unknown as NodeJS.WriteStream), written };
  }

  it("is a bar on a terminal, with the time left", () => {
    const { shown, written } = display(true);
    shown.show({ done: 0, total: 100, text: "" }, 0);
    shown.show({ done: 25, total: 100, text: "2 under way" }, 5_000);
    shown.end();
    const bar = `${"█".repeat(7)}${"░".repeat(21)}  25 %  25 of 100 slots`;
    assert.ok(written[1]!.startsWith(`\r\x1b[K${bar}`), written[1]);
    assert.ok(written[1]!.length <= 60 + "\r\x1b[K".length);
    assert.equal(written[2], "\r\x1b[K");
  });

  it("is a line now and then elsewhere", () => {
    const { shown, written } = display(false);
    for (let second = 0; second <= 6; second++) shown.show({ done: 10 * second, total: 100, text: "" }, 1_000 * second);
    shown.end();
    assert.deepEqual(written, [
      "0 %  0 of 100 slots\n",
      "20 %  20 of 100 slots  8 s left\n",
      "40 %  40 of 100 slots  6 s left\n",
      "60 %  60 of 100 slots  4 s left\n",
    ]);
  });
});
