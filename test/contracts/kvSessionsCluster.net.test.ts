import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ServiceError, status } from "@grpc/grpc-js";
import { keySlot } from "../../src/base/crc16.ts";
import { encodeMove, type MoveRecord, parseMove } from "../../src/core/slots/moveRecord.ts";
import { failureOf, KvClient, type Message } from "../support/kvClient.ts";
import { LocalCluster } from "../support/localCluster.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const MIDDLE = 8_000;
const ATTEMPTS_MAX = 2_000;
/** What may be sent again: it was not executed, or nobody can tell. */
const AGAIN: ReadonlySet<number> = new Set([status.UNAVAILABLE, status.UNKNOWN, status.DEADLINE_EXCEEDED]);

interface Write {
  readonly request: { readonly key: Buffer; readonly once: object };
  readonly reply: Message;
}

describe("writes that happen exactly once, in a cluster", { timeout: 180_000 }, () => {
  let cluster: LocalCluster;
  const clients = new Map<string, KvClient>();
  const names = Array.from({ length: 200 }, (_, i) => `key ${i}`);
  const low = names.filter((name) => keySlot(name) < MIDDLE);

  const addressOf = (id: string): string => {
    const { server } = cluster.workers[0]!;
    const workers = server.node.parts.others!.cluster!.groups.flatMap((group) => group.workers);
    return workers.find((worker) => worker.id === id)?.rpc ?? "";
  };
  const at = (address: string): KvClient => {
    const known = clients.get(address) ?? new KvClient(address);
    clients.set(address, known);
    return known;
  };

  /** Sends it again and again, where it is told to, until it is answered. */
  const send = async (request: object, id = "a1"): Promise<Message> => {
    let address = addressOf(id);
    let attempts = 0;
    for (;;) {
      try {
        return await at(address).call("increment", request, { deadline: Date.now() + 2_000 });
      } catch (error) {
        const { code, detail } = failureOf(error as ServiceError);
        assert.ok(++attempts < ATTEMPTS_MAX, String(error));
        if (code === status.FAILED_PRECONDITION && detail.address !== "") address = detail.address;
        else {
          assert.ok(AGAIN.has(code) || detail?.reason === "REASON_NOT_PRIMARY", String(error));
          address = addressOf(["a1", "a2", "b1"][attempts % 3]!);
          await sleep(5);
        }
      }
    }
  };

  class Session {
    readonly writes: Write[] = [];
    readonly #session: Buffer;
    #number = 0;

    constructor(session: Buffer) {
      this.#session = session;
    }

    static async open(): Promise<Session> {
      return new Session((await at(addressOf("b1")).call("openSession", {})).session);
    }

    async add(name: string): Promise<void> {
      const once = { session: this.#session, number: ++this.#number };
      const request = { key: bytes(name), delta: "1", once };
      this.writes.push({ request, reply: await send(request) });
    }

    /** Some writes are sent again, though they were answered. */
    async repeat(writes: readonly Write[]): Promise<void> {
      for (const { request, reply } of writes) assert.deepEqual(await send(request), reply);
    }
  }

  const assertCounts = async (sessions: readonly Session[]): Promise<void> => {
    const counts = new Map<string, number>();
    for (const { request } of sessions.flatMap(({ writes }) => writes)) {
      const name = request.key.toString();
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const [name, count] of counts) {
      const { value } = await send({ key: bytes(name), delta: "0" });
      assert.equal(Number(value), count, name);
    }
  };

  before(async () => {
    cluster = await LocalCluster.open({ g1: [[0, MIDDLE - 1]], g2: [[MIDDLE, 16_383]] });
    await cluster.add("g1", "a1");
    await cluster.add("g2", "b1");
    await cluster.ready();
    await cluster.add("g1", "a2");
    await cluster.until(() => cluster.worker("a2").server.node.replica.role === "secondary", "a2 does not join");
    await cluster.ready();
    await cluster.until(() => ["a1", "a2", "b1"].every((id) => addressOf(id) !== ""), "an address is not known");
  });

  after(async () => {
    for (const client of clients.values()) client.close();
    await cluster?.dispose();
  });

  it("the next primary answers as the one before", async () => {
    const sessions = await Promise.all([1, 2, 3, 4].map(() => Session.open()));
    const primary = ["a1", "a2"].find((id) => cluster.worker(id).server.node.replica.mayEvaluate)!;
    let isOver = false;
    const load = sessions.map(async (session) => {
      for (let i = 0; !isOver || i < 50; i++) {
        await session.add(low[i % 10]!);
        if (i % 3 === 0) await session.repeat(session.writes.slice(-2));
      }
    });
    await cluster.until(() => sessions.every(({ writes }) => writes.length > 10), "no writes");
    await cluster.worker(primary).server.node.retire();
    const other = primary === "a1" ? "a2" : "a1";
    await cluster.until(() => cluster.worker(other).server.node.replica.mayEvaluate, "there is no next primary");
    isOver = true;
    await Promise.all(load);
    for (const session of sessions) await session.repeat(session.writes);
    await assertCounts(sessions);
  });

  it("the group that a slot has moved to answers as the one before", async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => Session.open()));
    const moving = low.slice(20, 40);
    let isOver = false;
    const load = sessions.map(async (session, own) => {
      for (let i = 0; !isOver || i < 40; i++) {
        await session.add(moving[(i + own) % moving.length]!);
        if (i % 3 === 0) await session.repeat(session.writes.slice(-2));
      }
    });
    await cluster.until(() => sessions.every(({ writes }) => writes.length > 30), "no writes");
    const move: MoveRecord = {
      ...{ id: "m1", slots: [[0, MIDDLE - 1]], source: "g1", target: "g2", state: "planned" },
      ...{ targetDone: false, sourceDone: false, paused: false, bytesPerSecondMax: 0, reason: "test", plannedAt: 1 },
    };
    const made = await cluster.session.create("/migrations/m1", encodeMove(move), { kind: "durable" });
    assert.ok(made.ok, JSON.stringify(made));
    const isMoved = async (): Promise<boolean> => {
      const read = await cluster.session.get("/migrations/m1");
      const record = read.ok ? parseMove(read.value.data) : undefined;
      return record?.state === "flipped" && record.targetDone && record.sourceDone;
    };
    await cluster.until(isMoved, "the slots do not move");
    isOver = true;
    await Promise.all(load);
    for (const session of sessions) await session.repeat(session.writes);
    await assertCounts(sessions);
    const { state } = cluster.worker("b1").server.node;
    assert.ok(state.sessionRows >= moving.length * sessions.length);
  });
});
