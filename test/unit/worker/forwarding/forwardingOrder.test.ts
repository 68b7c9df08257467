import assert from "node:assert/strict";
import { it } from "node:test";
import { simTimers } from "../../../../sim/kernel/simClock.ts";
import { NodeRandom } from "../../../../sim/node/requestRandom.ts";
import { keySlot } from "../../../../src/base/crc16.ts";
import { createPrng, type Prng } from "../../../../src/base/prng.ts";
import type { Access } from "../../../../src/core/command/call.ts";
import { commandTable } from "../../../../src/core/command/commandTable.ts";
import { NodeRig } from "../nodeRig.ts";
import { ScriptedNetwork, type ScriptedWire } from "./scriptedNetwork.ts";

const SEEDS = 40;
const STEPS = 300;
const NODES = ["a:1", "b:1", "c:1"];
/** Two of them belong to the node itself. */
const KEYS = ["own1", "own2", "k1", "k2", "k3", "k4"];

/** Counters at three nodes, whose keys go to and fro while a client counts through a fourth node that hears of it late. */
async function run(seed: string): Promise<void> {
  const prng = createPrng(seed);
  const rig = await NodeRig.open();
  const network = new ScriptedNetwork((then) => void rig.scheduler.after(1, undefined, "greeting", then));
  const remote = KEYS.filter((key) => key.startsWith("k"));
  const owners = new Map(remote.map((key) => [key, NODES[0]!]));
  const believed = new Map(owners);
  const counts = new Map(remote.map((key) => [key, 0]));
  const access: Access = ({ args }) => {
    const owner = args.length > 1 ? believed.get(args.text(1)) : undefined;
    return owner === undefined ? undefined : `MOVED ${keySlot(args.text(1))} ${owner}`;
  };
  const { executor } = rig.node;
  executor.access = access;
  executor.forwardBy({
    network,
    clock: rig.clock,
    timers: simTimers(rig.scheduler, { alive: true }),
    random: new NodeRandom(prng),
    table: commandTable,
    password: () => "",
    self: () => "self:1",
  });
  const client = rig.client();
  const asked: string[] = [];
  const pick = <T>(from: readonly T[]): T => from[prng.below(from.length)]!;

  function answerOne(wire: ScriptedWire): void {
    const key = wire.requests[0]!.split(" ")[1]!;
    const owner = owners.get(key)!;
    if (owner !== wire.address) return void cut(wire, `-MOVED ${keySlot(key)} ${owner}\r\n`, prng);
    if (prng.below(20) === 0) return void cut(wire, "-TRYAGAIN not now\r\n", prng);
    counts.set(key, counts.get(key)! + 1);
    cut(wire, `:${counts.get(key)}\r\n`, prng);
  }
  const answerAll = (): void => {
    const ready = network.wires.filter(({ isClosed, requests }) => !isClosed && requests.length > 0);
    if (ready.length > 0) answerOne(pick(ready));
  };

  for (let step = 0; step < STEPS; step++) {
    const choice = prng.below(10);
    if (choice < 3) {
      const keys = Array.from({ length: 1 + prng.below(6) }, () => pick(KEYS));
      asked.push(...keys);
      client.request(...keys.map((key) => `INCR ${key}`));
    } else if (choice < 4) owners.set(pick(remote), pick(NODES));
    else if (choice < 5) {
      const key = pick(remote);
      believed.set(key, owners.get(key)!);
    } else if (choice < 6) await rig.pass(prng.below(30_000));
    else answerAll();
  }
  for (const key of remote) believed.set(key, owners.get(key)!);
  for (let step = 0; client.client.held > 0 || client.client.postponed !== undefined; step++) {
    assert.ok(step < 5_000, "it comes to an end");
    answerAll();
    if (step % 3 === 0) await rig.pass(10_000);
  }
  await rig.pass(50_000);
  check(client.take().replaceAll(/-TRYAGAIN[^:-]*/g, ":refused "), asked);
}

/** Sends a reply whole or in two pieces. */
function cut(wire: ScriptedWire, reply: string, prng: Prng): void {
  wire.requests.shift();
  const at = prng.below(reply.length);
  if (at > 0) wire.bytes(reply.slice(0, at));
  wire.bytes(reply.slice(at));
}

/** The replies are those of the requests in their order, and each counter goes up by one with each that was executed. */
function check(text: string, asked: readonly string[]): void {
  const replies = text.trim().split(/ +(?=:)/);
  assert.equal(replies.length, asked.length);
  const counts = new Map<string, number>();
  for (const [at, key] of asked.entries()) {
    const reply = replies[at]!.trim();
    if (reply === ":refused" && key.startsWith("k")) continue;
    const next = (counts.get(key) ?? 0) + 1;
    assert.equal(reply, `:${next}`, `reply ${at}, to INCR ${key}`);
    counts.set(key, next);
  }
}

it("a client's requests for a slot are executed once and in order, however its owners change", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await run(`forwarding ${seed}`);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
});
