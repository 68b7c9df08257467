import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClientReadableStream, type ServiceError, status } from "@grpc/grpc-js";
import { keySlot } from "../../src/base/crc16.ts";
import { ownerIn } from "../../src/core/slots/assignment.ts";
import { parseSlotMap } from "../../src/core/slots/slotMap.ts";
import { readConfig } from "../../src/main/config.ts";
import { type RunningMaster, startMaster } from "../../src/main/master/startMaster.ts";
import { failureOf, KvCallsClient, KvClient, type KvFailure, type Message } from "../support/kvClient.ts";
import { LocalCluster } from "../support/localCluster.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const KEY = "{moving}key";
const SLOT = keySlot(KEY);
const MOVES = 4;
/** Acknowledged by one owner before the slot moves on. */
const WRITES = 60;

/** What one owner has acknowledged, from when it got the slot until it gave it away. */
interface Tenure {
  readonly address: string;
  readonly values: number[];
}

/** What one watch was told, and how it ended. */
interface Told {
  readonly address: string;
  readonly values: number[];
  readonly lost: number[];
  readonly gained: number[];
  readonly ended: Promise<KvFailure>;
  readonly begun: Promise<void>;
  cancel(): void;
}

describe("streams of the API while their slot moves from group to group and back", { timeout: 120_000 }, () => {
  let cluster: LocalCluster;
  let master: RunningMaster;
  let isOver = false;
  const clients = new Map<string, KvClient>();
  const streams = new Map<string, KvCallsClient>();

  const addressOf = (id: string): string => {
    const { groups } = cluster.workers[0]!.server.node.parts.others!.cluster!;
    return groups.flatMap(({ workers }) => workers).find((worker) => worker.id === id)?.rpc ?? "";
  };
  const at = (address: string): KvClient => {
    const known = clients.get(address) ?? new KvClient(address);
    clients.set(address, known);
    return known;
  };
  const callsAt = (address: string): KvCallsClient => {
    const known = streams.get(address) ?? new KvCallsClient(at(address));
    streams.set(address, known);
    return known;
  };

  before(async () => {
    cluster = await LocalCluster.open({ g1: [[0, 8_191]], g2: [[8_192, 16_383]] });
    await cluster.add("g1", "a1");
    await cluster.add("g2", "b1");
    await cluster.ready();
    await cluster.until(() => addressOf("a1") !== "" && addressOf("b1") !== "", "an address is not known");
    const config = readConfig({ id: "m1", "rpc-port": 0, "http-port": 0 }, {}, undefined);
    assert.ok(config.ok);
    const started = await startMaster(config.value, {
      coordinator: cluster.coordinator.connect(),
      onNotice: (text) => cluster.notices.push(text),
    });
    assert.ok(started.ok, JSON.stringify(started));
    master = started.value;
  });
  after(async () => {
    isOver = true;
    for (const client of clients.values()) client.close();
    await master?.stop();
    await cluster?.dispose();
  });

  const ownerNow = async (): Promise<string | undefined> => {
    const read = await cluster.session.get("/slots");
    return read.ok ? ownerIn(parseSlotMap(read.value.data)!.now, SLOT) : undefined;
  };

  /** Moves the slot for real: copied, sealed, flipped. */
  async function moveTo(group: string): Promise<void> {
    const request = { kind: "migrate", slots: [[SLOT, SLOT]], to: group, bytesPerSecondMax: 0 } as const;
    let refusal = "";
    const isBegun = async (): Promise<boolean> => {
      const executed = await master.master.execute(request);
      refusal = executed.ok ? "" : executed.error.message;
      return executed.ok;
    };
    await cluster.until(isBegun, `the master refuses: ${refusal}`);
    const why = (error: Error): never => {
      const { moves } = master.master.topology;
      assert.fail(`${error.message}; ${JSON.stringify([moves, master.master.why()])}`);
    };
    await cluster.until(async () => (await ownerNow()) === group, `the slot does not come to ${group}`).catch(why);
  }

  function watch(address: string, what: object): Told {
    const call = at(address).stub["watch"](what, at(address).metadata) as ClientReadableStream<Message>;
    const values: number[] = [];
    const [lost, gained] = [[] as number[], [] as number[]];
    let first: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      first = resolve;
    });
    call.on("data", ({ changes, slotsLost, slotsGained }: Message) => {
      for (const { kind, value } of changes) {
        assert.equal(kind, "KIND_SET");
        values.push(Number(value.toString()));
      }
      lost.push(...slotsLost);
      gained.push(...slotsGained);
      first();
    });
    const ended = new Promise<KvFailure>((resolve) => {
      call.on("error", (error: ServiceError) => resolve(failureOf(error)));
    });
    return { address, values, lost, gained, ended, begun, cancel: () => call.cancel() };
  }

  /** Watches the key, at the next owner when the slot has left. */
  async function follow(segments: Told[], isOver: () => boolean): Promise<void> {
    for (let address = addressOf(await idOfOwner()); ; ) {
      const told = watch(address, { key: bytes(KEY) });
      segments.push(told);
      const { code, detail, message } = await told.ended;
      if (isOver()) return;
      if (code === status.UNAVAILABLE) {
        // It is not known there yet that the slot has come.
        await sleep(detail.retryAfterMillis);
        continue;
      }
      assert.deepEqual([code, detail?.reason], [status.FAILED_PRECONDITION, "REASON_MOVED"], message);
      address = detail.address;
    }
  }

  const idOfOwner = async (): Promise<string> => ((await ownerNow()) === "g1" ? "a1" : "b1");

  /** Writes 1, 2, 3, … each after the one before is acknowledged, where errors say. */
  async function write(tenures: Tenure[], isOver: () => boolean): Promise<void> {
    let address = addressOf(await idOfOwner());
    for (let value = 1; !isOver(); ) {
      const { put, error } = await callsAt(address).call("put", { key: bytes(KEY), value: bytes(String(value)) });
      if (put?.applied === true) {
        if (tenures.at(-1)?.address !== address) tenures.push({ address, values: [] });
        tenures.at(-1)!.values.push(value++);
      } else if (error.code === status.FAILED_PRECONDITION) {
        assert.equal(error.detail.reason, "REASON_MOVED", error.message);
        address = error.detail.address;
      } else {
        assert.deepEqual([error.code, error.detail.reason], [status.UNAVAILABLE, "REASON_NOT_SERVED"], error.message);
        await sleep(Number(error.detail.retryAfterMillis));
      }
    }
  }

  it("lose nothing and repeat nothing, and are sent after the slot with MOVED", async () => {
    const tenures: Tenure[] = [];
    const segments: Told[] = [];
    const byPrefix = ["a1", "b1"].map((id) => watch(addressOf(id), { prefix: bytes("{moving}") }));
    await Promise.all(byPrefix.map(({ begun }) => begun));
    const following = follow(segments, () => isOver);
    await cluster.until(() => segments.length > 0, "the key is not watched");
    await segments[0]!.begun;
    const writing = write(tenures, () => isOver);
    const enough = (): boolean => tenures.at(-1) !== undefined && tenures.at(-1)!.values.length >= WRITES;
    for (let move = 0; move < MOVES; move++) {
      await cluster.until(() => tenures.length === move + 1 && enough(), `too few writes after ${move} moves`);
      await moveTo((await ownerNow()) === "g1" ? "g2" : "g1");
    }
    await cluster.until(() => tenures.length === MOVES + 1 && enough(), "too few writes after the last move");
    isOver = true;
    await writing;

    // The stream of calls: each value was acknowledged once, in order, by whoever had the slot.
    const acknowledged = tenures.flatMap(({ values }) => values);
    assert.deepEqual(
      acknowledged,
      acknowledged.map((_, i) => i + 1),
    );
    assert.equal(new Set(tenures.map(({ address }) => address)).size, 2);

    // The watches of the prefix: each group's tells what that group has acknowledged, and names the slot that goes and comes.
    for (const { address, values, lost, gained } of byPrefix) {
      const own = tenures.filter((tenure) => tenure.address === address).flatMap((tenure) => tenure.values);
      await cluster.until(
        () => values.length >= own.length,
        `a watch of the prefix misses ${own.length - values.length}`,
      );
      assert.deepEqual(values, own);
      assert.deepEqual(new Set([...lost, ...gained]), new Set([SLOT]));
      assert.deepEqual([lost.length, gained.length], [MOVES / 2, MOVES / 2]);
    }

    // The watches of the key: one a tenure at least, each without a gap, and up to the owner's last word.
    await cluster.until(
      () => segments.at(-1)!.values.at(-1) === acknowledged.at(-1),
      "the last watch does not come to the end",
    );
    for (const tenure of tenures) {
      const told = segments.filter((segment) => segment.values.some((value) => tenure.values.includes(value)));
      assert.equal(told.length, 1, "one watch tells of a tenure");
      assert.equal(told[0]!.address, tenure.address);
      assert.deepEqual(told[0]!.values, tenure.values.slice(-told[0]!.values.length));
    }
    assert.deepEqual(segments[0]!.values, tenures[0]!.values);
    for (const told of [...byPrefix, segments.at(-1)!]) told.cancel();
    await following;
  });
});
