import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ok } from "../../../src/base/result.ts";
import type { WorkerRecord } from "../../../src/coordination/workerRecord.ts";
import { Roster } from "../../../src/main/group/roster.ts";
import type { Timers } from "../../../src/ports/clock.ts";
import type { Coordinator } from "../../../src/ports/coordinator.ts";

const LOOKS = 11;

/** A roster of workers that a test adds and takes away, with a clock that a test moves. */
class Rig {
  readonly there = new Map<string, string>();
  reads = 0;
  changes = 0;
  readonly roster: Roster;
  #look: () => void = () => undefined;

  constructor() {
    const coordinator = {
      onSession: () => () => undefined,
      children: async () => {
        this.reads++;
        return ok([...this.there.keys()].sort());
      },
      get: async (path: string) => ok({ data: this.there.get(path.slice("/workers/".length))!, version: 0 }),
    } as unknown as Coordinator;
    const timer = { cancel: () => undefined };
    const timers: Timers = {
      after: () => timer,
      every: (_millis, run) => {
        this.#look = run;
        return timer;
      },
      endOfTurn: (run) => run(),
    };
    this.roster = new Roster({ coordinator, timers, onChange: () => this.changes++, onNotice: () => undefined });
  }

  async has(...ids: string[]): Promise<void> {
    this.there.clear();
    for (const id of ids) {
      const addresses = { link: "h:1", rpc: "h:2", resp: "h:3" };
      const facts: WorkerRecord = { group: "g1", incarnation: 1, ...addresses, data: id, version: "1", pid: 1 };
      this.there.set(id, JSON.stringify(facts));
    }
    assert.equal(await this.roster.read(), true);
  }

  look(times: number): void {
    for (let i = 0; i < times; i++) this.#look();
  }
}

describe("the roster", () => {
  it("remembers who has gone, for a while", async () => {
    const rig = new Rig();
    await rig.has("a", "b");
    await rig.has("a");
    const { roster } = rig;
    assert.deepEqual([...roster.workers.keys()], ["a", "b"]);
    assert.deepEqual([roster.isPresent("a"), roster.isPresent("b")], [true, false]);
    rig.look(LOOKS - 1);
    await rig.has("a", "b");
    await rig.has("a");
    rig.look(LOOKS - 1);
    assert.ok(roster.workers.has("b"), "it was there in between");
    rig.look(1);
    assert.deepEqual([...roster.workers.keys()], ["a"]);
  });

  it("remembers no more than so many", async () => {
    const rig = new Rig();
    await rig.has("stays", ...Array.from({ length: 1_200 }, (_, i) => `w${i}`));
    await rig.has("stays");
    assert.equal(rig.roster.workers.size, 1_001);
    assert.ok(rig.roster.isPresent("stays"));
  });

  it("has another version only when something is other than it was", async () => {
    const rig = new Rig();
    await rig.has("a");
    const { version } = rig.roster;
    await rig.has("a");
    assert.equal(rig.roster.version, version);
    await rig.has();
    assert.notEqual(rig.roster.version, version);
  });

  it("reads once more, however often it is asked to while it reads", async () => {
    const rig = new Rig();
    rig.there.clear();
    await Promise.all([rig.roster.read(), rig.roster.read(), rig.roster.read()]);
    await turn();
    assert.equal(rig.reads, 2);
  });
});
