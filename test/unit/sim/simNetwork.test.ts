import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Life, Scheduler } from "../../../sim/kernel/scheduler.ts";
import { TraceHash } from "../../../sim/kernel/traceHash.ts";
import { SimNetwork } from "../../../sim/net/simNetwork.ts";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import type { Link, LinkEndpoint } from "../../../src/ports/link.ts";

const HOSTS = ["a", "b", "c"] as const;

/** A process that sends numbered frames to all others, and checks that what comes over one link is numbered from 0 without a gap. */
class Chatterer {
  readonly life: Life = { alive: true };
  endpoint!: LinkEndpoint;
  received = 0;
  readonly #next = new Map<Link, number>();
  readonly #sent = new Map<Link, number>();

  async join(network: SimNetwork, host: string, incarnation: number): Promise<void> {
    const joined = await network.of(this.life).join({
      self: { cluster: "c", group: "g", replica: host, incarnation },
      listen: { host, port: 7 },
      handler: {
        onUp: (link) => {
          assert.ok(!this.#next.has(link));
          this.#next.set(link, 0);
        },
        onFrame: (link, kind, bytes) => {
          const expected = this.#next.get(link);
          assert.equal(new DataView(bytes.buffer).getUint32(0), expected);
          assert.equal(kind, expected! & 63);
          this.#next.set(link, expected! + 1);
          this.received++;
        },
        onDown: (link) => {
          assert.ok(this.#next.delete(link), "it was up, once");
        },
        onRefusal: () => undefined,
      },
    });
    assert.ok(joined.ok);
    this.endpoint = joined.value;
    for (const other of HOSTS) if (other !== host) this.endpoint.expect(other, { host: other, port: 7 });
  }

  get ups(): number {
    return this.#next.size;
  }

  chat(): void {
    for (const link of this.#next.keys()) {
      const n = this.#sent.get(link) ?? 0;
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, n);
      if (link.send(n & 63, bytes)) this.#sent.set(link, n + 1);
    }
  }
}

class Soak {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly hash = new TraceHash();
  readonly prng: Prng;
  readonly processes = new Map<string, Chatterer>();
  #incarnation = 0;

  constructor(seed: string) {
    this.prng = createPrng(seed);
    this.scheduler = new Scheduler(this.prng.fork("ties"));
    this.scheduler.onEvent = (label) => this.hash.add(this.scheduler.nowMicros, label);
    this.network = new SimNetwork(this.scheduler, this.prng.fork("network"));
  }

  async start(host: string): Promise<void> {
    const process = new Chatterer();
    await process.join(this.network, host, ++this.#incarnation);
    this.processes.set(host, process);
  }

  async fault(): Promise<void> {
    const { prng, network } = this;
    const [from, to] = [prng.pick(HOSTS), prng.pick(HOSTS)];
    const draw = prng.below(10);
    if (draw < 3 && from !== to) network.cut(from, to);
    else if (draw === 3) network.healAll();
    else if (draw === 4) network.breakLinks(from, to);
    else if (draw === 5) network.pause(from);
    else if (draw < 8) network.resume(from);
    else if (draw === 8) await this.#restart(from, prng.chance(1, 2) ? "process" : "machine");
  }

  async #restart(host: string, how: "process" | "machine"): Promise<void> {
    const { life } = this.processes.get(host)!;
    life.alive = false;
    this.network.ended(life, how);
    await this.start(host);
  }

  run(millis: number): void {
    const end = this.scheduler.nowMicros + millis * 1000;
    this.scheduler.after(millis * 1000, undefined, "until", () => undefined);
    while (this.scheduler.nowMicros < end) assert.ok(this.scheduler.step());
  }

  get links(): number {
    return [...this.processes.values()].reduce((sum, { ups }) => sum + ups, 0);
  }

  async play(): Promise<string> {
    for (const host of HOSTS) await this.start(host);
    this.network.chances.breakOneIn = 200;
    this.network.chances.slowOneIn = 10;
    this.network.chances.slowMicrosMax = 50_000;
    for (let round = 0; round < 400; round++) {
      if (this.prng.chance(1, 4)) await this.fault();
      for (const process of this.processes.values()) process.chat();
      this.run(this.prng.between(1, 60));
    }
    this.network.healAll();
    for (const host of HOSTS) this.network.resume(host);
    Object.assign(this.network.chances, { breakOneIn: 0, slowOneIn: 0 });
    this.run(5000);
    assert.equal(this.links, 6, "all links are up in the end");
    const before = [...this.processes.values()].map(({ received }) => received);
    for (const process of this.processes.values()) process.chat();
    this.run(100);
    const after = [...this.processes.values()].map(({ received }) => received);
    assert.deepEqual(
      after,
      before.map((count) => count + 2),
    );
    return this.hash.toString();
  }
}

describe("the simulated network", () => {
  test("links keep their order in any weather, and all come back", async () => {
    for (let seed = 0; seed < 60; seed++) {
      try {
        await new Soak(`soak ${seed}`).play();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  test("one seed is one run", async () => {
    assert.equal(await new Soak("x").play(), await new Soak("x").play());
    assert.notEqual(await new Soak("x").play(), await new Soak("y").play());
  });

  test("bytes that change after they were sent are found", async () => {
    const soak = new Soak("changed");
    for (const host of HOSTS) await soak.start(host);
    soak.run(2000);
    const bytes = new Uint8Array(10);
    soak.processes.get("a")!.endpoint.link("b")!.send(1, bytes);
    bytes[3] = 1;
    assert.throws(() => soak.run(100), /have been changed/);
  });
});
