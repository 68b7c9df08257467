import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type {
  Link,
  LinkAddress,
  LinkDownReason,
  LinkEndpoint,
  LinkHandler,
  LinkIdentity,
  LinkNetwork,
  LinkRefusal,
} from "../../src/ports/link.ts";

/** Some machines and the network between them, in real or in virtual time. */
export interface LinkWorld {
  /** A process on the machine takes part. */
  readonly network: (host: string) => LinkNetwork;
  readonly listen: (host: string) => LinkAddress;
  /** Where a process on one machine reaches what listens at `address` on another. */
  readonly route: (from: string, to: string, address: LinkAddress) => Promise<LinkAddress>;
  /** Lets time pass until it is so; fails if it takes too long. */
  readonly until: (isSo: () => boolean, what: string) => Promise<void>;
  readonly pass: (millis: number) => Promise<void>;
  readonly cut: (from: string, to: string) => void;
  readonly heal: (from: string, to: string) => void;
  readonly dispose: () => Promise<void>;
}

interface Received {
  readonly link: Link;
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** A replica that notes what happens to it. */
export class Recorder implements LinkHandler {
  readonly ups: Link[] = [];
  readonly downs: { readonly link: Link; readonly reason: LinkDownReason }[] = [];
  readonly frames: Received[] = [];
  readonly refusals: LinkRefusal[] = [];
  endpoint!: LinkEndpoint;

  onUp(link: Link): void {
    this.ups.push(link);
  }

  onFrame(link: Link, kind: number, bytes: Uint8Array): void {
    this.frames.push({ link, kind, bytes });
  }

  onDown(link: Link, reason: LinkDownReason): void {
    this.downs.push({ link, reason });
  }

  onRefusal(refusal: LinkRefusal): void {
    this.refusals.push(refusal);
  }

  refused(code: string): number {
    return this.endpoint.statistics.refusals.get(code as LinkRefusal["code"]) ?? 0;
  }
}

export function identity(replica: string, others: Partial<LinkIdentity> = {}): LinkIdentity {
  return { cluster: "c1", group: "g1", replica, incarnation: 1, ...others };
}

async function join(world: LinkWorld, host: string, self: LinkIdentity, listen?: LinkAddress): Promise<Recorder> {
  const recorder = new Recorder();
  const joined = await world.network(host).join({ self, listen: listen ?? world.listen(host), handler: recorder });
  assert.ok(joined.ok);
  recorder.endpoint = joined.value;
  return recorder;
}

const numbered = (n: number, length = 100): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = n + i * 7;
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
};

/** What all `LinkNetwork`s do, whatever they are made of. */
export function linkContract(name: string, make: () => Promise<LinkWorld>): void {
  describe(`the contract of links: ${name}`, () => {
    let world: LinkWorld;
    let joined: Recorder[] = [];

    beforeEach(async () => {
      world = await make();
    });
    afterEach(async () => {
      for (const { endpoint } of joined) await endpoint.close();
      joined = [];
      await world.dispose();
    });

    const enter = async (host: string, self = identity(host), listen?: LinkAddress): Promise<Recorder> => {
      const recorder = await join(world, host, self, listen);
      joined.push(recorder);
      return recorder;
    };
    const expect = async (from: Recorder, fromHost: string, to: Recorder, toHost: string, as = toHost) =>
      from.endpoint.expect(as, await world.route(fromHost, toHost, to.endpoint.address));
    const pair = async (): Promise<[Recorder, Recorder]> => {
      const [a, b] = [await enter("a"), await enter("b")];
      await expect(a, "a", b, "b");
      await expect(b, "b", a, "a");
      await world.until(() => a.ups.length === 1 && b.ups.length === 1, "the link is up");
      return [a, b];
    };

    test("two who expect each other get one link, and know whose it is", async () => {
      const [a, b] = [await enter("a", identity("a", { incarnation: 7 })), await enter("b")];
      await expect(b, "b", a, "a");
      await expect(a, "a", b, "b");
      await world.until(() => a.ups.length === 1 && b.ups.length === 1, "the link is up");
      await world.pass(600);
      assert.deepEqual(b.ups[0]!.peer, identity("a", { incarnation: 7 }));
      assert.deepEqual(a.ups[0]!.peer, identity("b"));
      assert.equal(a.endpoint.link("b"), a.ups[0]);
      assert.equal(a.endpoint.link("c"), undefined);
      assert.deepEqual([a.ups.length, b.ups.length, a.downs.length, b.downs.length], [1, 1, 0, 0]);
    });

    test("frames of all sizes and kinds arrive whole and in order, both ways", async () => {
      const [a, b] = await pair();
      const sizes = [0, 1, 11, 12, 100, 8191, 8193, 65_536, 70_000, 3_000_000, 5];
      sizes.forEach((size, n) => {
        assert.ok(a.ups[0]!.send(n, numbered(n, size)));
        assert.ok(
          b.ups[0]!.send(239 - n, [numbered(n, size).subarray(0, size >> 1), numbered(n, size).subarray(size >> 1)]),
        );
      });
      await world.until(() => a.frames.length === sizes.length && b.frames.length === sizes.length, "all have arrived");
      sizes.forEach((size, n) => {
        assert.equal(b.frames[n]!.kind, n);
        assert.equal(Buffer.compare(b.frames[n]!.bytes, numbered(n, size)), 0);
        assert.equal(a.frames[n]!.kind, 239 - n);
        assert.equal(Buffer.compare(a.frames[n]!.bytes, numbered(n, size)), 0);
      });
      assert.equal(b.frames[0]!.link, b.ups[0]);
    });

    test("frames of one turn leave in one write, at its end or when told", async () => {
      const [a, b] = await pair();
      const { statistics } = a.endpoint;
      await world.pass(20);
      const writes = statistics.writes;
      for (let n = 0; n < 50; n++) a.ups[0]!.send(1, numbered(n));
      assert.equal(statistics.writes, writes);
      assert.ok(a.ups[0]!.bufferedBytes >= 5000);
      a.ups[0]!.flush();
      assert.equal(statistics.writes, writes + 1);
      for (let n = 50; n < 100; n++) a.ups[0]!.send(1, numbered(n));
      await world.until(() => b.frames.length === 100, "all have arrived");
      await world.until(() => a.ups[0]!.bufferedBytes === 0, "nothing is left");
      assert.ok(statistics.writes <= writes + 4, "a ping or two may have come between");
    });

    test("a link that says nothing stays up (question 10)", async () => {
      const [a, b] = await pair();
      await world.pass(1500);
      assert.deepEqual([a.downs, b.downs], [[], []]);
    });

    for (const [what, other, code] of [
      ["another cluster", { cluster: "c2" }, "cluster"],
      ["another group", { group: "g2" }, "group"],
      ["another replica", { replica: "x" }, "wrong_replica"],
    ] as const) {
      test(`${what} is refused, told once and counted`, async () => {
        const [a, b] = [await enter("a"), await enter("b", identity("b", other))];
        await expect(a, "a", b, "b");
        b.endpoint.expect("a", world.listen("a"));
        await world.until(() => a.refused(code) >= 2 && b.refused(code) >= 2, "it was tried twice");
        assert.deepEqual([a.ups, b.ups], [[], []]);
        const told = [...a.refusals, ...b.refusals].filter((refusal) => refusal.code === code);
        assert.deepEqual(told.map(({ by }) => by).sort(), ["peer", "us"]);
      });
    }

    test("who is not expected waits until he is", async () => {
      const [a, b] = [await enter("a"), await enter("b")];
      await expect(a, "a", b, "b");
      await world.until(() => b.refused("unexpected") > 0, "it was refused");
      await expect(b, "b", a, "a");
      await world.until(() => a.ups.length === 1 && b.ups.length === 1, "the link is up");
    });

    for (const [from, to] of [
      ["a", "b"],
      ["b", "a"],
    ] as const) {
      test(`a cut from ${from} to ${to} takes the link down at both ends, and a healed one brings it back`, async () => {
        const [a, b] = await pair();
        world.cut(from, to);
        await world.until(() => a.downs.length === 1 && b.downs.length === 1, "both have noticed");
        const deaf = to === "a" ? a : b;
        assert.equal(deaf.downs[0]!.reason, "silent");
        assert.equal(a.ups[0]!.send(1, numbered(1)), false);
        await world.pass(500);
        assert.deepEqual([a.ups.length, b.ups.length], [1, 1]);
        world.heal(from, to);
        await world.until(() => a.ups.length === 2 && b.ups.length === 2, "a new link is up");
        assert.notEqual(a.ups[1], a.ups[0]);
        assert.equal(a.endpoint.link("b"), a.ups[1]);
        a.ups[1]!.send(9, numbered(9));
        await world.until(() => b.frames.some(({ kind }) => kind === 9), "it works");
      });
    }

    test("a short cut delays what is sent and loses nothing", async () => {
      const [a, b] = await pair();
      world.cut("a", "b");
      for (let n = 0; n < 10; n++) a.ups[0]!.send(1, numbered(n));
      await world.pass(100);
      assert.equal(b.frames.length, 0);
      world.heal("a", "b");
      await world.until(() => b.frames.length === 10, "all have arrived");
      assert.deepEqual([a.downs, b.downs], [[], []]);
    });

    test("whatever is cut, what arrives over one link is the beginning of what was sent over it", async () => {
      const [a, b] = await pair();
      const sent = new Map<Link, number>();
      for (let round = 0; round < 60; round++) {
        const link = a.endpoint.link("b");
        for (let i = 0; i < 5 && link !== undefined; i++) {
          const n = sent.get(link) ?? 0;
          if (link.send(1, numbered(n))) sent.set(link, n + 1);
        }
        if (round % 20 === 5) world.cut("a", "b");
        if (round % 20 === 6) world.cut("b", "a");
        if (round % 20 === 18) {
          world.heal("a", "b");
          world.heal("b", "a");
        }
        await world.pass(round % 20 === 6 ? 500 : 20);
      }
      await world.until(() => a.endpoint.link("b") !== undefined && b.endpoint.link("a") !== undefined, "healed");
      await world.pass(100);
      assert.ok(a.ups.length >= 2);
      for (const link of b.ups) {
        const got = b.frames.filter((frame) => frame.link === link);
        got.forEach(({ bytes }, n) => {
          assert.equal(Buffer.compare(bytes, numbered(n)), 0);
        });
      }
    });

    test("a peer that takes nothing fills the buffer, then the link goes down", async () => {
      const [a, b] = await pair();
      const link = a.ups[0]!;
      world.cut("a", "b");
      world.cut("b", "a");
      const frame = numbered(0, 4 * 1024 * 1024);
      let taken = 0;
      while (taken < 1000 && link.send(1, frame)) taken++;
      assert.ok(taken > 0 && taken < 1000);
      assert.ok(link.isUp);
      assert.ok(a.endpoint.statistics.framesRefused > 0);
      await world.until(() => a.downs.length === 1 && b.downs.length === 1, "both have noticed");
    });

    test("a closed link comes back, a forgotten one does not", async () => {
      const [a, b] = await pair();
      a.ups[0]!.send(1, numbered(1));
      a.ups[0]!.close();
      assert.equal(a.ups[0]!.isUp, false);
      assert.equal(a.ups[0]!.send(1, numbered(2)), false);
      await world.until(() => a.ups.length === 2 && b.ups.length === 2, "a new link is up");
      assert.deepEqual([a.downs[0]!.reason, b.downs[0]!.reason], ["closed", "closed_by_peer"]);
      assert.equal(b.frames.length, 1, "what was sent before the end has arrived");
      b.endpoint.forget("a");
      await world.until(() => b.downs.length === 2 && a.downs.length === 2, "both have noticed");
      await world.until(() => b.refused("unexpected") > 0, "a calls in vain");
      a.endpoint.forget("b");
      await world.pass(1100);
      assert.deepEqual([a.ups.length, b.ups.length], [2, 2]);
    });

    test("a process that ends is noticed, and its successor is another incarnation", async () => {
      const [a, b] = await pair();
      const { address } = b.endpoint;
      await b.endpoint.close();
      await world.until(() => a.downs.length === 1, "the end was noticed");
      assert.equal(a.downs[0]!.reason, "closed_by_peer");
      const again = await enter("b", identity("b", { incarnation: 2 }), address);
      again.endpoint.expect("a", world.listen("a"));
      await world.until(() => a.ups.length === 2 && again.ups.length === 1, "a new link is up");
      assert.equal(a.ups[1]!.peer.incarnation, 2);
      assert.deepEqual(b.downs, [], "nobody is told after the end");
    });

    test("a second process with the same id is refused as long as the first one lives", async () => {
      const [a, b] = await pair();
      const twin = await enter("a", identity("a", { incarnation: 2 }));
      await expect(twin, "a", b, "b");
      await world.until(() => b.refused("duplicate") > 0 && twin.refused("duplicate") > 0, "it was refused");
      assert.ok(b.endpoint.link("a")?.isUp);
      assert.equal(b.downs.length, 0);
      await a.endpoint.close();
      await world.until(() => twin.ups.length === 1 && b.ups.length === 2, "its time has come");
      assert.equal(b.ups[1]!.peer.incarnation, 2);
    });

    test("who has moved is called at the new address", async () => {
      const [a, b] = [await enter("a"), await enter("b")];
      await expect(b, "b", a, "a");
      a.endpoint.expect("b", { host: "127.0.0.1", port: 1 });
      await world.until(() => a.endpoint.statistics.failedAttempts >= 2, "nobody is there");
      await expect(a, "a", b, "b");
      await world.until(() => a.ups.length === 1 && b.ups.length === 1, "the link is up");
    });

    test("an address can be listened at once", async () => {
      const a = await enter("a");
      const again = await world
        .network("a")
        .join({ self: identity("a"), listen: a.endpoint.address, handler: new Recorder() });
      assert.equal(again.ok ? "" : again.error.code, "address_in_use");
    });
  });
}
