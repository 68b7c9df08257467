import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createPrng } from "../../src/base/prng.ts";
import type { ForwardHandler, ForwardNetwork, ForwardWire } from "../../src/ports/forwarder.ts";

/** A node that forwards and one to which it forwards, in real or in virtual time. */
export interface ForwardWorld {
  readonly network: ForwardNetwork;
  /** Somebody takes connections; `peers` are their other ends, in the order in which they came. */
  readonly listen: () => Promise<{ readonly address: string; readonly peers: readonly ForwardPeer[] }>;
  /** An address at which nobody takes connections. */
  readonly nobody: () => Promise<string>;
  /** Nothing that is sent to the peers gets there, until it is released. */
  readonly hold: () => void;
  readonly release: () => void;
  /** Lets time pass until it is so; fails if it takes too long. */
  readonly until: (isSo: () => boolean, what: string) => Promise<void>;
  readonly pass: (millis: number) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** The other end of a connection. */
export interface ForwardPeer {
  readonly received: Gathered;
  readonly isClosed: boolean;
  send(bytes: Uint8Array): void;
  close(): void;
}

/** Bytes as they came. */
export class Gathered {
  length = 0;
  readonly #chunks: Buffer[] = [];

  /** Copies them: they may be something else afterwards. */
  add(bytes: Uint8Array, length = bytes.length): void {
    assert.ok(length > 0 && length <= bytes.length);
    this.#chunks.push(Buffer.from(bytes.subarray(0, length)));
    this.length += length;
  }

  isBeginningOf(bytes: Uint8Array): boolean {
    return Buffer.concat(this.#chunks).equals(bytes.subarray(0, this.length));
  }

  is(bytes: Uint8Array): boolean {
    return this.length === bytes.length && this.isBeginningOf(bytes);
  }
}

/** Who notes what happens to a connection. */
class Caller implements ForwardHandler {
  readonly wire: ForwardWire;
  readonly received = new Gathered();
  /** `open`, `bytes`, `drain` and `closed`; the same twice in a row is told once, unless it may happen only once. */
  readonly events: string[] = [];
  readonly reasons: string[] = [];
  /** Runs when the event has been noted. */
  readonly on = new Map<string, () => void>();

  constructor(network: ForwardNetwork, address: string) {
    this.wire = network.dial(address, this);
    assert.deepEqual(this.events, [], "nothing is told before it is dialled");
  }

  onOpen(): void {
    this.#note("open");
  }

  onBytes(bytes: Uint8Array, length: number): void {
    this.received.add(bytes, length);
    this.#note("bytes");
  }

  onDrain(): void {
    assert.equal(this.wire.unsentBytes, 0);
    this.#note("drain");
  }

  onClosed(reason: string): void {
    this.reasons.push(reason);
    this.#note("closed");
  }

  has(event: string): boolean {
    return this.events.includes(event);
  }

  #note(event: string): void {
    if (event !== "bytes" || this.events.at(-1) !== event) this.events.push(event);
    this.on.get(event)?.();
  }
}

function drawn(length: number, seed = "bytes"): Uint8Array {
  const bytes = new Uint8Array(length);
  createPrng(seed).fill(bytes);
  return bytes;
}

/** What all `ForwardNetwork`s do, whatever they are made of. */
export function forwardContract(name: string, make: () => Promise<ForwardWorld>): void {
  describe(`the contract of forwarding: ${name}`, () => {
    let world: ForwardWorld;
    let callers: Caller[] = [];

    beforeEach(async () => {
      world = await make();
    });
    afterEach(async () => {
      for (const { wire } of callers) wire.close();
      callers = [];
      await world.dispose();
    });

    const dial = (address: string): Caller => {
      const caller = new Caller(world.network, address);
      callers.push(caller);
      return caller;
    };
    const connected = async (): Promise<[Caller, ForwardPeer]> => {
      const { address, peers } = await world.listen();
      const caller = dial(address);
      await world.until(() => caller.has("open") && peers.length === 1, "it is open");
      return [caller, peers[0]!];
    };
    const sendInPieces = (send: (bytes: Uint8Array) => void, bytes: Uint8Array): void => {
      const prng = createPrng("pieces");
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + prng.between(1, prng.pick([10, 1_000, 300_000])));
        send(bytes.slice(at, end));
        at = end;
      }
    };
    /** Sends the same again and again until `unsentBytes` is so much; returns how much it sent. */
    const fill = async ({ wire }: Caller, unsentBytes: number): Promise<number> => {
      const bytes = drawn(1 << 20);
      let sent = 0;
      for (; wire.unsentBytes < unsentBytes; sent += bytes.length) {
        assert.ok(sent < 256 << 20, "somebody takes without end what nobody reads");
        wire.send(bytes);
        await world.pass(1);
      }
      return sent;
    };
    /** Long enough for whatever might still be told. */
    const nothingMoreIsTold = async (caller: Caller): Promise<void> => {
      const before = [...caller.events];
      await world.pass(100);
      assert.deepEqual(caller.events, before);
    };

    test("a connection is told to be open once, when the call that makes it is over", async () => {
      const [caller] = await connected();
      await nothingMoreIsTold(caller);
      assert.deepEqual(caller.events, ["open"]);
      assert.equal(caller.wire.unsentBytes, 0);
    });

    test("bytes arrive in order, both ways, in pieces of any size", async () => {
      const [caller, peer] = await connected();
      const [there, back] = [drawn(2_000_000, "there"), drawn(3_000_000, "back")];
      sendInPieces((bytes) => caller.wire.send(bytes), there);
      sendInPieces((bytes) => peer.send(bytes), back);
      await world.until(() => peer.received.length >= there.length, "all is there");
      await world.until(() => caller.received.length >= back.length, "all is back");
      assert.ok(peer.received.is(there));
      assert.ok(caller.received.is(back));
    });

    test("connections do not mix what comes over them", async () => {
      const { address, peers } = await world.listen();
      const some = [dial(address), dial(address), dial(address)];
      await world.until(() => some.every((caller) => caller.has("open")) && peers.length === 3, "all are open");
      const texts = some.map((_, i) => drawn(500_000, `connection ${i}`));
      // Only the bytes tell which peer is whose.
      for (const [i, { wire }] of some.entries()) wire.send(texts[i]!);
      await world.until(() => peers.every(({ received }) => received.length >= 500_000), "all is there");
      const order = peers.map(({ received }) => texts.findIndex((text) => received.is(text)));
      assert.deepEqual(order.toSorted(), [0, 1, 2]);
      for (let at = 0; at < 500_000; at += 10_000)
        for (const [i, peer] of peers.entries()) peer.send(texts[order[i]!]!.slice(at, at + 10_000));
      await world.until(() => some.every(({ received }) => received.length >= 500_000), "all is back");
      assert.ok(some.every(({ received }, i) => received.is(texts[i]!)));
    });

    test("an address where nobody takes connections is told, once and later", async () => {
      const caller = dial(await world.nobody());
      await world.until(() => caller.has("closed"), "it is told");
      caller.wire.send(drawn(10));
      caller.wire.close();
      await nothingMoreIsTold(caller);
      assert.deepEqual(caller.events, ["closed"]);
      assert.notEqual(caller.reasons[0], "");
    });

    for (const address of ["", "localhost", ":0", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1"]) {
      test(`"${address}", which is no address, is told in the same way`, async () => {
        const caller = dial(address);
        await world.until(() => caller.has("closed"), "it is told");
        await nothingMoreIsTold(caller);
        assert.deepEqual(caller.events, ["closed"]);
      });
    }

    test("an address without a host is that of no node", async () => {
      const { address, peers } = await world.listen();
      const caller = dial(address.slice(address.indexOf(":")));
      await world.until(() => caller.has("closed"), "it is told");
      assert.deepEqual([caller.events, peers], [["closed"], []]);
    });

    test("a peer that closes is told once, after what it had sent; then nothing can be sent", async () => {
      const [caller, peer] = await connected();
      const bytes = drawn(200_000);
      peer.send(bytes);
      await world.until(() => caller.received.length === bytes.length, "all has come");
      peer.send(bytes);
      peer.close();
      await world.until(() => caller.has("closed"), "it is told");
      caller.wire.send(drawn(100));
      caller.wire.close();
      caller.wire.close();
      await nothingMoreIsTold(caller);
      assert.deepEqual(caller.events, ["open", "bytes", "closed"]);
      assert.ok(caller.received.isBeginningOf(Buffer.concat([bytes, bytes])));
      assert.equal(peer.received.length, 0);
    });

    test("a peer that closes is told also to who sends all the time", async () => {
      const [caller, peer] = await connected();
      const bytes = drawn(300_000);
      let isOver = false;
      caller.on.set("closed", () => {
        isOver = true;
      });
      for (let rounds = 0; !isOver; rounds++) {
        assert.ok(rounds < 1_000, "it is told in time");
        caller.wire.send(bytes);
        if (rounds === 3) peer.close();
        await world.pass(2);
      }
      await nothingMoreIsTold(caller);
      assert.deepEqual(caller.events.filter((event) => event !== "drain").slice(1), ["closed"]);
    });

    test("nothing is told after close(), and the peer hears of the end", async () => {
      const [caller, peer] = await connected();
      world.hold();
      await fill(caller, 1 << 20);
      caller.wire.close();
      const before = [...caller.events];
      world.release();
      peer.send(drawn(500_000));
      await world.until(() => peer.isClosed, "the peer knows it");
      await world.pass(50);
      assert.deepEqual(caller.events, before);
    });

    test("close() may be called by a handler while there is more to tell", async () => {
      const [caller, peer] = await connected();
      caller.on.set("bytes", () => caller.wire.close());
      for (let i = 0; i < 50; i++) peer.send(drawn(100_000));
      await world.until(() => peer.isClosed, "the peer knows it");
      await nothingMoreIsTold(caller);
      assert.deepEqual(caller.events, ["open", "bytes"]);
      const first = caller.received.length;
      await world.pass(20);
      assert.equal(caller.received.length, first);
    });

    test("close() before it is open: nothing is told at all", async () => {
      const { address, peers } = await world.listen();
      const [one, other] = [dial(address), dial(await world.nobody())];
      one.wire.close();
      other.wire.close();
      await world.pass(1_200);
      assert.deepEqual([one.events, other.events], [[], []]);
      assert.ok(peers.every(({ isClosed, received }) => isClosed && received.length === 0));
    });

    test("close() in onOpen and in onClosed", async () => {
      const { address, peers } = await world.listen();
      const one = dial(address);
      one.on.set("open", () => one.wire.close());
      const other = dial(await world.nobody());
      other.on.set("closed", () => other.wire.close());
      await world.until(() => one.has("open") && other.has("closed"), "both have happened");
      await world.until(() => peers.every(({ isClosed }) => isClosed), "the peer knows it");
      await nothingMoreIsTold(one);
      await nothingMoreIsTold(other);
      assert.deepEqual([one.events, other.events], [["open"], ["closed"]]);
    });

    test("what nobody takes is counted, and its end is told when all of it has been taken", async () => {
      const [caller, peer] = await connected();
      world.hold();
      const sent = await fill(caller, 2 << 20);
      assert.ok(caller.wire.unsentBytes <= sent);
      await world.pass(50);
      assert.ok(!caller.events.slice(-1).includes("drain"));
      const drains = caller.events.length;
      world.release();
      await world.until(() => caller.events.length > drains, "something is told");
      assert.equal(caller.events.at(-1), "drain");
      await world.until(() => peer.received.length === sent, "all is there");
      assert.equal(caller.wire.unsentBytes, 0);
      caller.wire.send(drawn(10));
      await world.until(() => peer.received.length === sent + 10, "it goes on");
    });

    test("what arrives of what was sent before close() is its beginning", async () => {
      const [caller, peer] = await connected();
      const bytes = drawn(4_000_000);
      sendInPieces((piece) => caller.wire.send(piece), bytes);
      await world.until(() => peer.received.length > 0, "some has come");
      caller.wire.close();
      await world.until(() => peer.isClosed, "the peer knows it");
      assert.ok(peer.received.isBeginningOf(bytes));
    });
  });
}
