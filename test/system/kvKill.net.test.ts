import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect } from "../../src/client/connect.ts";
import { HoldfastError } from "../../src/client/errors.ts";
import { freePort } from "../support/freePort.ts";
import { type HoldfastProcess, startHoldfast } from "../support/holdfastServer.ts";
import { KvCallsClient, KvClient } from "../support/kvClient.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const KILLS = 3;
const WRITERS = 8;
/** Acknowledged after each start before it is killed. */
const WRITES = 300;

describe("kill -9 under the load of gRPC clients", { timeout: 120_000 }, () => {
  let node: HoldfastProcess;
  let address: string;

  before(async () => {
    const port = await freePort();
    address = `127.0.0.1:${port}`;
    node = await startHoldfast({ args: ["--grpc-port", String(port)] });
  });
  after(async () => {
    await node.stop();
    await node.removeData();
  });

  /** Kills it when enough was acknowledged, while more is under way; then it serves again. */
  async function killed(isEnough: Promise<void>): Promise<void> {
    await isEnough;
    await node.kill();
    node = await node.restart();
  }

  it("loses nothing that a stream of calls has answered", async () => {
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < KILLS; round++) {
      const kv = new KvClient(address);
      const calls = new KvCallsClient(kv);
      let isOver = false;
      let enough: () => void = () => undefined;
      const isEnough = new Promise<void>((resolve) => {
        enough = resolve;
      });
      let count = 0;
      const writer = async (number: number): Promise<void> => {
        for (let i = 0; !isOver; i++) {
          const [key, value] = [`k:${number}:${i % 50}`, `${round}:${i}`];
          const { put } = await calls.call("put", { key: bytes(key), value: bytes(value) });
          if (put?.applied !== true) return;
          acknowledged.set(key, value);
          if (++count === WRITES) enough();
        }
      };
      for (let number = 0; number < WRITERS; number++) void writer(number);
      await killed(isEnough);
      isOver = true;
      kv.close();
      const again = new KvClient(address);
      for (const [key, value] of acknowledged) {
        const got = await again.call("get", { key: bytes(key) });
        const found = got.found ? got.value.toString() : "";
        // What was under way with the kill may have been done: each writer has one such write, the next of its own.
        const [foundRound, foundAt] = found.split(":").map(Number) as [number, number];
        const [knownRound, knownAt] = value.split(":").map(Number) as [number, number];
        const isNewer = foundRound === round && (knownRound < round || foundAt > knownAt);
        assert.ok(found === value || isNewer, `${key} holds ${found}, and ${value} was acknowledged`);
        acknowledged.set(key, found);
      }
      again.close();
    }
  });

  it("keeps what the client library has counted, each once", async () => {
    const client = await connect({ addresses: address, timeoutMillis: 30_000 });
    let sure = 0;
    let inDoubt = 0;
    for (let round = 0; round < KILLS; round++) {
      let isOver = false;
      let count = 0;
      let enough: () => void = () => undefined;
      const isEnough = new Promise<void>((resolve) => {
        enough = resolve;
      });
      const adder = async (): Promise<void> => {
        while (!isOver) {
          try {
            await client.increment("sum", 1);
            sure++;
            if (++count === WRITES) enough();
          } catch (error) {
            assert.ok(error instanceof HoldfastError, String(error));
            if (error.mayBeExecuted) inDoubt++;
          }
        }
      };
      const adders = Array.from({ length: WRITERS }, adder);
      await killed(isEnough);
      isOver = true;
      await Promise.all(adders);
    }
    const sum = Number(await client.get("sum"));
    assert.ok(
      sum >= sure && sum <= sure + inDoubt,
      `${sum} is counted, ${sure} were answered, ${inDoubt} are in doubt`,
    );
    await client.close();
  });
});
