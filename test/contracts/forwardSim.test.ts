import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Scheduler } from "../../sim/kernel/scheduler.ts";
import { SimForward } from "../../sim/net/simForward.ts";
import { SimNetwork } from "../../sim/net/simNetwork.ts";
import { createPrng } from "../../src/base/prng.ts";
import type { ForwardHandler, ForwardWire } from "../../src/ports/forwarder.ts";
import { type ForwardPeer, type ForwardWorld, forwardContract, Gathered } from "./forwardContract.ts";

const UNTIL_MILLIS_MAX = 30_000;
const PORT = 6379;

class SimPeer implements ForwardPeer, ForwardHandler {
  readonly received = new Gathered();
  isClosed = false;
  readonly #wire: ForwardWire;

  constructor(wire: ForwardWire) {
    this.#wire = wire;
  }

  onOpen(): void {
    assert.fail("who was called has nothing to wait for");
  }

  onBytes(bytes: Uint8Array, length: number): void {
    this.received.add(bytes, length);
  }

  onDrain(): void {}

  onClosed(): void {
    this.isClosed = true;
  }

  send(bytes: Uint8Array): void {
    this.#wire.send(bytes);
  }

  close(): void {
    this.#wire.close();
  }
}

interface SimulatedWorld extends ForwardWorld {
  readonly links: SimNetwork;
  /** How the process on `b` ends. */
  readonly end: (how: "process" | "machine") => void;
  readonly nowMillis: () => number;
}

async function simulatedWorld(seed: string): Promise<SimulatedWorld> {
  const prng = createPrng(seed);
  const scheduler = new Scheduler(prng.fork("ties"));
  const links = new SimNetwork(scheduler, prng.fork("network"));
  const forward = new SimForward(links);
  let life = { alive: true };
  const peers: SimPeer[] = [];
  return {
    links,
    end: (how) => {
      life.alive = false;
      links.ended(life, how);
    },
    nowMillis: () => scheduler.nowMicros / 1000,
    network: forward.of("a", { alive: true }),
    listen: async () => {
      life = { alive: true };
      forward.listen({ host: "b", life }, PORT, (wire) => {
        const peer = new SimPeer(wire);
        peers.push(peer);
        return peer;
      });
      return { address: `b:${PORT}`, peers };
    },
    nobody: async () => "b:1",
    hold: () => links.cut("a", "b"),
    release: () => links.heal("a", "b"),
    until: async (isSo, what) => {
      const end = scheduler.nowMicros + UNTIL_MILLIS_MAX * 1000;
      while (!isSo()) {
        if (scheduler.nowMicros > end || !scheduler.step()) throw new Error(`it is not so in time: ${what}`);
      }
    },
    pass: async (millis) => {
      let isOver = false;
      scheduler.after(millis * 1000, undefined, "time has passed", () => {
        isOver = true;
      });
      while (!isOver) scheduler.step();
    },
    dispose: async () => undefined,
  };
}

for (const seed of ["one", "two", "three"]) forwardContract(`simulated, seed ${seed}`, () => simulatedWorld(seed));

/** Notes what is told, and when. */
class Notes implements ForwardHandler {
  readonly told: string[] = [];
  received = 0;
  readonly #world: SimulatedWorld;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  onOpen(): void {
    this.#note("open");
  }

  onBytes(_bytes: Uint8Array, length: number): void {
    this.received += length;
    this.#note(`bytes ${length}`);
  }

  onDrain(): void {
    this.#note("drain");
  }

  onClosed(reason: string): void {
    this.#note(reason);
  }

  get last(): string {
    return this.told.at(-1)?.split(": ")[1] ?? "";
  }

  #note(what: string): void {
    this.told.push(`${this.#world.nowMillis()}: ${what}`);
  }
}

describe("forwarding in simulated worlds", () => {
  const connected = async (seed: string) => {
    const world = await simulatedWorld(seed);
    const { address, peers } = await world.listen();
    const notes = new Notes(world);
    const wire = world.network.dial(address, notes);
    await world.until(() => notes.last === "open", "it is open");
    return { world, address, peer: peers[0]!, notes, wire };
  };

  test("a cut holds what is sent, either way, and loses nothing", async () => {
    const { world, peer, notes, wire } = await connected("cut");
    world.links.cutBoth("a", "b");
    wire.send(new Uint8Array(100));
    peer.send(new Uint8Array(200));
    await world.pass(3_000);
    assert.deepEqual([peer.received.length, notes.received], [0, 0]);
    world.links.heal("a", "b");
    await world.until(() => peer.received.length === 100, "it is there");
    assert.equal(notes.received, 0);
    world.links.heal("b", "a");
    await world.until(() => notes.received === 200, "it is back");
  });

  test("what is sent to a process that stands still waits", async () => {
    const { world, peer, wire } = await connected("pause");
    world.links.pause("b");
    wire.send(new Uint8Array(100));
    await world.pass(3_000);
    assert.equal(peer.received.length, 0);
    world.links.resume("b");
    await world.until(() => peer.received.length === 100, "it is there");
  });

  for (const [from, to] of [
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    test(`nobody answers who dials through a cut from ${from} to ${to}`, async () => {
      const world = await simulatedWorld("dial");
      const { address } = await world.listen();
      world.links.cut(from, to);
      const notes = new Notes(world);
      world.network.dial(address, notes);
      await world.until(() => notes.told.length > 0, "it is told");
      assert.deepEqual(notes.told, ["1000: it does not answer"]);
    });
  }

  test("connections break with the links between the same machines", async () => {
    const { world, peer, notes, wire } = await connected("break");
    wire.send(new Uint8Array(100));
    world.links.breakLinks("a", "b");
    await world.until(() => notes.last === "it was reset" && peer.isClosed, "both know it");
    assert.equal(peer.received.length, 0);
  });

  test("who has closed a connection is not told that it breaks", async () => {
    const { world, peer, notes, wire } = await connected("closed");
    world.links.breakLinks("a", "b");
    wire.close();
    await world.until(() => peer.isClosed, "the peer knows it");
    await world.pass(100);
    assert.equal(notes.last, "open");
  });

  test("by chance they break at a write", async () => {
    const { world, peer, notes, wire } = await connected("chance");
    world.links.chances.breakOneIn = 1;
    wire.send(new Uint8Array(100));
    await world.until(() => notes.last === "it was reset" && peer.isClosed, "both know it");
    assert.equal(peer.received.length, 0);
  });

  test("who is connected to a process hears of its end, and is refused then", async () => {
    const { world, address, notes } = await connected("kill");
    world.end("process");
    await world.until(() => notes.last === "it closed the connection", "it is told");
    const again = new Notes(world);
    world.network.dial(address, again);
    await world.until(() => again.last === "it refuses connections", "it is told");
  });

  test("who is connected to a machine does not hear of its end; it tells when it is there again", async () => {
    const { world, address, notes, wire } = await connected("crash");
    world.end("machine");
    const again = new Notes(world);
    world.network.dial(address, again);
    wire.send(new Uint8Array(100));
    await world.pass(5_000);
    assert.equal(notes.last, "open");
    assert.equal(again.last, "it does not answer");
    await world.listen();
    await world.until(() => notes.last === "it does not know the connection", "it is told");
  });

  test("who is connected to a machine that is gone for good hears of it in the end", async () => {
    const { world, notes } = await connected("gone");
    world.end("machine");
    await world.until(() => notes.last === "it is silent", "it is told");
    assert.ok(world.nowMillis() > 15_000);
  });

  test("the end loses what was sent last, in one world or another, and a part of what was sent at once", async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { world, peer, wire } = await connected(`end ${seed}`);
      wire.send(new Uint8Array(60_000));
      wire.close();
      await world.until(() => peer.isClosed, "the peer knows it");
      lengths.add(peer.received.length);
    }
    assert.ok(lengths.has(0) && lengths.has(60_000) && lengths.size > 2, [...lengths].join(" "));
  });

  test("bytes are garbage when the handler has returned", async () => {
    const { world, peer } = await connected("garbage");
    const kept: Uint8Array[] = [];
    const handler: ForwardHandler = {
      onOpen: () => undefined,
      onBytes: (bytes) => void kept.push(bytes.subarray(0, 3)),
      onDrain: () => undefined,
      onClosed: () => undefined,
    };
    const { address, peers } = await world.listen();
    world.network.dial(address, handler);
    await world.until(() => peers.length === 2, "it is open");
    peers[1]!.send(new Uint8Array([1, 2, 3]));
    await world.until(() => kept.length > 0, "it is there");
    assert.ok(!kept.some((bytes) => bytes.includes(1)));
    assert.ok(!peer.isClosed);
  });

  test("the same seed is the same world", async () => {
    const play = async (): Promise<string> => {
      const { world, peer, notes, wire } = await connected("same");
      for (let i = 0; i < 50; i++) {
        wire.send(new Uint8Array(100_000));
        peer.send(new Uint8Array(70_000));
        if (i % 10 === 3) world.links.cut("a", "b");
        if (i % 10 === 7) world.links.heal("a", "b");
        await world.pass(3);
      }
      peer.close();
      await world.pass(1_000);
      return notes.told.join("\n");
    };
    assert.equal(await play(), await play());
  });
});
