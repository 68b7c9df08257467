import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { statusText } from "../../../src/cli/statusText.ts";
import { parseConfiguration } from "../../../src/core/replica/configuration.ts";
import { type GroupStatus, groupStatus, type WorkerFacts } from "../../../src/main/group/groupStatus.ts";
import type { NodeStatus } from "../../../src/worker/replication/nodeStatus.ts";

const address = { link: "h:1", rpc: "h:2", data: "d", version: "1", pid: 1, group: "g1", incarnation: 1 };
const noAnswer = { status: undefined, problem: "nothing within 1000 ms" };

function configurationOf(secondaries: readonly string[], minReplicas = 2) {
  const member = (id: string) => ({ id, incarnation: 1 });
  const text = { epoch: 6, primary: member("w1"), secondaries: secondaries.map(member), minReplicas };
  return parseConfiguration(JSON.stringify(text), 3)!;
}

function worker(id: string, role: string, changes: Partial<NodeStatus> = {}): WorkerFacts {
  const status = { id, role, serves: true, incarnation: 1, durableSeq: 40, commitPoint: 42, keys: 7, ...changes };
  return { id, record: { ...address, resp: `h:${id}` }, status: status as NodeStatus, problem: undefined };
}

function line(status: GroupStatus): string {
  const placed = { ...status, slots: undefined };
  return statusText({ cluster: "c", groups: [placed], spares: [], masters: [], moves: 0, notices: [] }).trim();
}

describe("the status of a group", () => {
  const primary = worker("w1", "primary", { durableSeq: 42 });
  const whole = [primary, worker("w2", "secondary", { durableSeq: 42 }), worker("w3", "secondary")];

  it("is ok when all members are there", () => {
    const status = groupStatus("g1", configurationOf(["w2", "w3"]), whole);
    assert.equal(status.state, "ok");
    assert.equal(line(status), "g1 ok  epoch 6  entry 42  primary w1 h:w1 | w2 h:w2 in step | w3 h:w3 2 behind");
  });

  it("names who is missing, does not answer, learns, or is not who is meant", () => {
    const silent = { ...worker("w3", "secondary"), ...noAnswer };
    const others = [primary, worker("w2", "outside", { incarnation: 2 }), silent, worker("w5", "outside")];
    const status = groupStatus("g1", configurationOf(["w2", "w3", "w4"]), others);
    assert.equal(status.state, "degraded");
    assert.equal(status.problem, "w2 is other incarnation, w3 is unreachable, w4 is missing");
    assert.match(
      line(status),
      /w2 h:w2 other incarnation, 2 behind \| w3 h:w3 does not answer \(nothing within 1000 ms\) \| w4 missing \| w5 h:w5 learning, 2 behind$/,
    );
  });

  it("tells when one fewer, or what there is, is too few for writes", () => {
    assert.equal(groupStatus("g1", configurationOf(["w2"]), whole).state, "degraded");
    const alone = groupStatus("g1", configurationOf([]), whole);
    assert.deepEqual([alone.state, alone.problem], ["reads_only", "1 of at least 2 members: writes wait"]);
    assert.match(line(alone), /^g1 reads only \(/);
    assert.equal(groupStatus("g1", configurationOf([], 1), [primary]).state, "ok");
  });

  it("is down without a primary that serves, or a configuration", () => {
    for (const first of [
      { ...primary, ...noAnswer },
      worker("w1", "primary", { serves: false }),
      worker("w1", "secondary"),
    ]) {
      const status = groupStatus("g1", configurationOf(["w2"]), [first, worker("w2", "secondary")]);
      assert.deepEqual([status.state, status.problem], ["down", "its primary w1 does not serve"]);
    }
    assert.equal(groupStatus("g1", undefined, [worker("w1", "starting")]).state, "down");
    assert.match(line(groupStatus("g1", "nonsense", [])), /^g1 down \(its configuration holds nonsense\)$/);
  });
});
