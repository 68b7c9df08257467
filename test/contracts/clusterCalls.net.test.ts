import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { err, ok } from "../../src/base/result.ts";
import { type ClusterCaller, clusterCaller } from "../../src/platform/rpc/clusterClient.ts";
import { serveCluster } from "../../src/platform/rpc/clusterHost.ts";
import type {
  ClusterAdministration,
  ClusterCommand,
  ClusterHeat,
  ClusterPlan,
  ClusterRefusal,
  ClusterWork,
  Topology,
} from "../../src/platform/rpc/clusterService.ts";
import { grpcWorkerCalls } from "../../src/platform/rpc/grpcWorkerCalls.ts";
import type { MountedServer } from "../../src/platform/rpc/mountedServer.ts";
import { loadGrpc } from "../../src/platform/rpc/workerMessages.ts";
import { makeCertificates } from "../support/certificates.ts";

const LISTEN = { host: "127.0.0.1", port: 0 };
const DEADLINE_MILLIS = 5_000;

const WORKER = { rpc: "127.0.0.1:7301", present: true, version: "1.2.3", lentTo: "" };

function topologyOf(slotsVersion: number): Topology {
  return {
    cluster: "c0ffee",
    slotsVersion,
    groups: [
      {
        ...{ name: "g1", epoch: 4, weight: 1.5, draining: false },
        slots: [
          [0, 99],
          [200, 200],
        ],
        workers: [
          { ...WORKER, id: "w1", role: "primary", redis: "127.0.0.1:7000" },
          { ...WORKER, id: "w2", role: "absent", redis: "", present: false },
        ],
      },
      { name: "g2", epoch: 0, weight: 1, draining: true, slots: [], workers: [] },
    ],
    spares: [{ ...WORKER, id: "w9", role: "spare", redis: "127.0.0.1:7009", lentTo: "g1" }],
    masters: [{ id: "m1", active: true, rpc: "127.0.0.1:7300", http: "", version: "1.2.3" }],
    notices: ["slots 100-199 have no group"],
  };
}

const PLAN: ClusterPlan = {
  sentences: ["100 slots go to g2."],
  moves: [{ source: "g1", target: "g2", slots: [[0, 99]] }],
  keys: 12_345,
  bytes: 2 ** 40,
  request: "r1",
  isDone: false,
  fingerprint: "f1",
};

const WORK: ClusterWork = {
  moves: [
    {
      ...{
        id: "m1",
        source: "g1",
        target: "g2",
        slots: [[0, 63]],
        state: "copying",
        paused: true,
        reason: "asked for",
      },
      ...{ plannedAt: 1_700_000_000_000, keysCopied: 5, keysTotal: 10, bytesCopied: 50, bytesTotal: 100 },
      ...{ bytesPerSecond: 1000, lagMillis: 3, millisLeft: 0 },
    },
  ],
  wanted: [{ request: "r1", slots: [[0, 99]], to: "g2" }],
  isBalancing: true,
  isPaused: false,
};

const HEAT: ClusterHeat = {
  workers: [{ worker: "w1", group: "g1", reads: 1.5, writes: 2, bytes: 100, load: 0.25, at: 1_700_000_000_000 }],
  slots: [{ slot: 16_383, group: "g1", reads: 1, writes: 0.5, keys: 7, bytes: 700 }],
  keys: [{ key: "a\u0000\u00ff", group: "g1", requests: 3 }],
};

const COMMANDS: readonly ClusterCommand[] = [
  { kind: "migrate", slots: [[0, 99]], to: "g2", bytesPerSecondMax: 1_000_000 },
  { kind: "rebalance" },
  { kind: "drain", group: "g1" },
  { kind: "undrain", group: "g1" },
  { kind: "weight", group: "g1", weight: 0.5 },
  { kind: "cancel", id: "m1" },
  { kind: "pause", id: "all" },
  { kind: "resume", id: "all" },
  { kind: "lend", spare: "w9", group: "g1" },
  { kind: "return", spare: "w9" },
  { kind: "advice", on: true },
  { kind: "autoRebalance", on: false },
];

/** A master that repeats what it was asked. */
class FakeMaster implements ClusterAdministration {
  now: Topology | undefined = topologyOf(1);
  refusal: ClusterRefusal | undefined;
  readonly asked: (ClusterCommand | string)[] = [];
  readonly listeners = new Set<() => void>();

  topology = (): Topology | undefined => this.now;
  onTopology = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  change(topology: Topology): void {
    this.now = topology;
    for (const listener of this.listeners) listener();
  }

  async plan(command: ClusterCommand) {
    this.asked.push(command);
    return this.refusal === undefined ? ok(PLAN) : err(this.refusal);
  }

  async execute(command: ClusterCommand, fingerprint: string) {
    this.asked.push(command, fingerprint);
    return this.refusal === undefined ? ok({ ...PLAN, keys: undefined, bytes: undefined }) : err(this.refusal);
  }

  work = () => ok(WORK);
  why = (countMax: number) => ok([{ at: 5, epoch: 2, kind: "move", text: `at most ${countMax}`, executed: false }]);
  hot = () => ok(HEAT);
}

for (const kind of ["plain", "TLS"]) {
  describe(`holdfast.v1.Cluster over ${kind} sockets`, () => {
    let master: FakeMaster;
    let host: MountedServer;
    let caller: ClusterCaller;
    before(async () => {
      const tls = kind === "TLS" ? (await makeCertificates()).of("worker") : undefined;
      master = new FakeMaster();
      const served = await serveCluster({
        listen: LISTEN,
        tls,
        provider: master,
        administration: master,
        isServing: () => true,
      });
      assert.ok(served.ok);
      host = served.value;
      caller = await clusterCaller(host.address, tls);
    });
    after(async () => {
      caller.close();
      await host.close(0);
    });

    it("tells the topology whole", async () => {
      assert.deepEqual(await caller.topology(DEADLINE_MILLIS), ok(topologyOf(1)));
    });

    it("carries every command there and its plan back", async () => {
      for (const command of COMMANDS) {
        assert.deepEqual(await caller.plan(command, DEADLINE_MILLIS), ok(PLAN));
        assert.deepEqual(master.asked.pop(), command);
      }
      const executed = await caller.execute(COMMANDS[0]!, "f1", DEADLINE_MILLIS);
      assert.deepEqual(executed, ok({ ...PLAN, keys: undefined, bytes: undefined }));
      assert.deepEqual(master.asked.slice(-2), [COMMANDS[0], "f1"]);
    });

    it("tells of moves, decisions and load", async () => {
      assert.deepEqual(await caller.work(DEADLINE_MILLIS), ok(WORK));
      const decision = { at: 5, epoch: 2, kind: "move", text: "at most 7", executed: false };
      assert.deepEqual(await caller.why(7, DEADLINE_MILLIS), ok([decision]));
      assert.deepEqual(await caller.hot(7, DEADLINE_MILLIS), ok(HEAT));
    });

    it("says why not, and where the active master is", async () => {
      const message = "a sentence that says what to do";
      const command = { kind: "rebalance" } as const;
      for (const [code, expected] of [
        ["invalid", "refused"],
        ["conflict", "refused"],
        ["changed", "changed"],
        ["unavailable", "unavailable"],
        ["unknown", "unavailable"],
      ] as const) {
        master.refusal = { code, message };
        assert.deepEqual(await caller.plan(command, DEADLINE_MILLIS), err({ code: expected, message }));
      }
      master.refusal = { code: "standby", message, active: "127.0.0.1:1" };
      const standby = await caller.execute(command, "", DEADLINE_MILLIS);
      assert.deepEqual(standby, err({ code: "standby", message, active: "127.0.0.1:1" }));
      master.refusal = { code: "standby", message };
      assert.deepEqual(await caller.plan(command, DEADLINE_MILLIS), err({ code: "standby", message }));
      master.refusal = undefined;
    });

    it("refuses ranges that are none", async () => {
      for (const slots of [
        [],
        [[5, 4]],
        [[0, 16_384]],
        [
          [0, 5],
          [5, 9],
        ],
      ] as [number, number][][]) {
        const planned = await caller.plan({ kind: "migrate", slots, to: "g2", bytesPerSecondMax: 0 }, DEADLINE_MILLIS);
        assert.ok(!planned.ok && planned.error.code === "refused", JSON.stringify(planned));
        assert.match(planned.error.message, /slots are ranges of 0 to 16383/);
      }
    });

    it("streams the topology: at once, after changes, and those close together as one", async () => {
      const versions: number[] = [];
      let told = (): void => undefined;
      const stop = caller.watch(
        ({ slotsVersion }) => {
          versions.push(slotsVersion);
          told();
        },
        () => undefined,
      );
      const until = (version: number): Promise<void> =>
        new Promise((resolve) => {
          told = () => versions.at(-1) === version && resolve();
          told();
        });
      await until(1);
      for (let version = 2; version <= 50; version++) master.change(topologyOf(version));
      await until(50);
      assert.ok(versions.length < 10, `told ${versions.length} times`);
      stop();
      while (master.listeners.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    });
  });
}

describe("holdfast.v1.Cluster, ends and others", () => {
  it("a stream ends with its server, and nobody waits for it", async () => {
    const master = new FakeMaster();
    const served = await serveCluster({
      listen: LISTEN,
      tls: undefined,
      provider: master,
      administration: master,
      isServing: () => true,
    });
    assert.ok(served.ok);
    const caller = await clusterCaller(served.value.address, undefined);
    const ended = new Promise<string>((resolve) => {
      caller.watch(
        () => void served.value.close(2_000),
        ({ code }) => resolve(code),
      );
    });
    assert.equal(await ended, "unavailable");
    caller.close();
  });

  it("a worker tells the topology and points to the masters for the rest", async () => {
    const master = new FakeMaster();
    const calls = await grpcWorkerCalls(undefined, master);
    const nothing = async () => err({ reason: "not_ready", message: "" } as const);
    const service = {
      ...{
        takeOver: nothing,
        snapshot: nothing,
        handOver: nothing,
        copySlots: nothing,
        moveStep: nothing,
        heat: nothing,
      },
      status: async () => "{}",
      isServing: () => true,
    } as unknown as Parameters<typeof calls.serve>[0]["service"];
    const self = { cluster: "c1", group: "g1", replica: "b" };
    const served = await calls.serve({ listen: LISTEN, self, service });
    assert.ok(served.ok);
    const caller = await clusterCaller(served.value.address, undefined);
    assert.deepEqual(await caller.topology(DEADLINE_MILLIS), ok(topologyOf(1)));
    const planned = await caller.plan({ kind: "rebalance" }, DEADLINE_MILLIS);
    assert.ok(!planned.ok && planned.error.code === "failed");
    assert.match(planned.error.message, /ask a master/);
    master.now = undefined;
    const early = await caller.topology(DEADLINE_MILLIS);
    assert.ok(!early.ok && early.error.code === "unavailable");
    caller.close();
    await served.value.close(0);
  });

  it("answers health checks by the service's name", async () => {
    const master = new FakeMaster();
    let isServing = true;
    const parts = { listen: LISTEN, tls: undefined, provider: master, administration: master };
    const served = await serveCluster({ ...parts, isServing: () => isServing });
    assert.ok(served.ok);
    const { grpc, healthService } = await loadGrpc();
    const Health = grpc.makeClientConstructor(healthService, "Health");
    const client = new Health(`127.0.0.1:${served.value.address.port}`, grpc.credentials.createInsecure());
    const check = (service: string): Promise<unknown> =>
      new Promise((resolve) => {
        client["check"]!({ service }, (error: { code: number } | null, reply: { status: string }) =>
          resolve(error === null ? reply.status : error.code),
        );
      });
    assert.equal(await check("holdfast.v1.Cluster"), "SERVING");
    isServing = false;
    assert.equal(await check(""), "NOT_SERVING");
    assert.equal(await check("other"), grpc.status.NOT_FOUND);
    client.close();
    await served.value.close(0);
  });
});
