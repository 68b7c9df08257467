import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { HoldfastClient } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { HoldfastError } from "../../src/client/errors.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { FakeKvCluster } from "../support/fakeKvCluster.ts";
import type { FakeKvNode } from "../support/fakeKvNode.ts";

const clusters: FakeKvCluster[] = [];
const clients: HoldfastClient<string>[] = [];

async function cluster(groups = 1, replicas = 1): Promise<FakeKvCluster> {
  const made = await FakeKvCluster.start(groups, replicas);
  clusters.push(made);
  return made;
}

async function client(of: FakeKvCluster, options: Partial<ConnectOptions> = {}): Promise<HoldfastClient<string>> {
  const made: HoldfastClient<string> = await connect({
    addresses: of.addresses,
    timeoutMillis: 60_000,
    ...options,
    values: "text",
  });
  clients.push(made);
  return made;
}

function hasCode(code: string, mayBeExecuted = false, message = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof HoldfastError, String(error));
    assert.deepEqual([error.code, error.mayBeExecuted], [code, mayBeExecuted], error.message);
    assert.match(error.message, message);
    return true;
  };
}

/** Carries out the next call with this request, and answers as is said, or not at all. */
function loseAnswer(node: FakeKvNode, error: object): void {
  node.intercept = (call) => {
    node.intercept = undefined;
    node.answer(call);
    return { error };
  };
}

const FATE_UNKNOWN = { code: 2, message: "another primary", detail: { reason: "REASON_FATE_UNKNOWN" } };
const NOT_READY = { code: 14, message: "starting", detail: { reason: "REASON_NOT_READY" } };
const EXPIRED = { code: 9, message: "it has ended", detail: { reason: "REASON_SESSION_EXPIRED" } };

afterEach(async () => {
  for (const each of clients.splice(0)) await each.close();
  for (const each of clusters.splice(0)) each.stop();
});

test("a write whose answer was lost is repeated, and happens once", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  const one = await client(of);
  const { sessions } = of.groups[0]!;
  for (const fate of ["executed", "undone"] as const) {
    node.breakNext = fate;
    assert.equal(await one.increment("k"), fate === "executed" ? 1 : 2);
  }
  node.breakNext = "executed";
  assert.equal((await one.put("new", "1", { ifAbsent: true })).isApplied, true);
  node.breakNext = "executed";
  assert.equal((await one.compareAndSet("new", "1", "2")).isApplied, true);
  node.breakNext = "executed";
  assert.equal((await one.delete("new")).isApplied, true);
  node.breakNext = "executed";
  const batch = await one.batch([{ kind: "increment", key: "b", by: 3 }]);
  assert.deepEqual(batch.results[0]?.kind === "increment" && batch.results[0].value, 3);
  assert.equal(await one.get("b"), "3");
  assert.deepEqual([sessions.evaluated, node.opened], [6, 1]);
  assert.deepEqual(
    sessions.seen.map(({ number }) => number).sort((a, b) => a - b),
    [1, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6],
  );
});

test("it is answered as at first by the next primary, and by the next owner, and by both", async () => {
  const of = await cluster(2, 2);
  const one = await client(of);
  const [from, to] = [of.groupOf("k"), of.groups.find((group) => group !== of.groupOf("k"))!];
  loseAnswer(from.nodes[0]!, FATE_UNKNOWN);
  of.failOver(from, false);
  // Who was the primary before still has to be asked first.
  of.failOver(from, false);
  assert.equal(await one.increment("k"), 1);
  const [primary] = from.nodes;
  primary!.intercept = (call) => {
    primary!.intercept = undefined;
    primary!.answer(call);
    of.failOver(from, false);
    of.moveAll(from, to, false);
    return { error: FATE_UNKNOWN };
  };
  assert.equal(await one.increment("k"), 2);
  assert.equal(to.values.get("k")?.value.toString(), "2");
});

test("a primary that says nothing is not waited for when there is another", async () => {
  const of = await cluster(1, 2);
  const one = await client(of);
  await one.put("k", "0");
  const group = of.groups[0]!;
  const silent = group.nodes[0]!;
  silent.intercept = (call) => {
    silent.answer(call);
    silent.isMute = true;
    of.failOver(group);
    return {};
  };
  assert.equal(await one.increment("k"), 1);
  assert.equal(group.sessions.evaluated, 2);
});

test("more writes to one key than a session may have open are all done, in their order", async () => {
  const of = await cluster();
  const one = await client(of);
  const sums = await Promise.all(Array.from({ length: 3500 }, () => one.increment("k")));
  assert.deepEqual(
    sums,
    sums.map((_, index) => index + 1),
  );
  // None was refused and sent again: one message each.
  assert.equal(of.groups[0]!.sessions.seen.length, 3500);
});

test("what was not seen to be answered is open, and holds nothing else up", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  const one = await client(of);
  await one.put("k", "0");
  node.intercept = () => ({ error: NOT_READY });
  const waits = one.increment("k");
  node.intercept = (call) => {
    const { key, once } = call["increment"] as { readonly key: Buffer; readonly once: { readonly number: number } };
    return key.toString() === "k" && once.number === 2 ? { error: NOT_READY } : undefined;
  };
  for (let i = 0; i < 20; i++) await one.increment("k");
  await one.increment("other");
  const { seen } = of.groups[0]!.sessions;
  const ofOpen = seen.filter(({ slot, number }) => slot === seen[0]!.slot && number > 2);
  assert.deepEqual(new Set(ofOpen.map(({ firstOpen }) => firstOpen)), new Set([2]));
  node.intercept = undefined;
  await waits;
  assert.equal(await one.increment("k"), 22);
  assert.equal(seen.at(-1)!.firstOpen, seen.at(-1)!.number);
});

test("once an attempt is in doubt, a later refusal does not undo it", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  const one = await client(of, { timeoutMillis: 150 });
  await one.put("k", "0");
  const refuseAfter = (first: object, later: object): void => {
    let isFirst = true;
    node.intercept = (call) => {
      const error = isFirst ? first : later;
      if (isFirst) node.answer(call);
      isFirst = false;
      return { error };
    };
  };
  refuseAfter(FATE_UNKNOWN, NOT_READY);
  await assert.rejects(one.increment("k"), hasCode("unknown", true, /earlier attempt.*starting/));
  refuseAfter(NOT_READY, NOT_READY);
  await assert.rejects(one.increment("other"), hasCode("unavailable"));
  refuseAfter(FATE_UNKNOWN, EXPIRED);
  await assert.rejects(one.increment("k"), hasCode("unknown", true, /earlier attempt.*ended/));
  refuseAfter(FATE_UNKNOWN, { code: 16, message: "a password", detail: { reason: "REASON_PASSWORD" } });
  await assert.rejects(one.increment("k"), hasCode("unknown", true, /earlier attempt.*password/));
  refuseAfter(FATE_UNKNOWN, { code: 9, message: "a list", detail: { reason: "REASON_WRONG_TYPE" } });
  await assert.rejects(one.increment("k"), hasCode("wrong_type"));
  node.intercept = undefined;
  // A number that was given up is not used again.
  assert.equal(await one.increment("k"), 5);
});

test("an answer that is too large to be remembered is told from a write that was not done", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  const one = await client(of);
  await one.put("k", "x".repeat(2000));
  node.breakNext = "executed";
  await assert.rejects(one.put("k", "y", { previous: true }), hasCode("reply_forgotten", true));
  assert.equal(await one.get("k"), "y");
});

test("an answer of another kind is a defect of the server's, and is told like one", async () => {
  const of = await cluster();
  const one = await client(of);
  of.nodes[0]!.intercept = () => ({ get: { found: false } });
  await assert.rejects(one.increment("k"), hasCode("internal", true));
  of.nodes[0]!.intercept = () => ({});
  await assert.rejects(one.get("k"), hasCode("internal"));
});

test("a session is renewed at half of its life, and what is open ends in the old one", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  node.sessionMillisMax = 1200;
  const one = await client(of);
  const opened: boolean[] = [];
  one.on("session", ({ isOpen }) => opened.push(isOpen));
  await one.put("k", "0");
  node.intercept = (call) => (call.request === "put" ? { error: NOT_READY } : undefined);
  const old = one.put("slow", "1");
  for (let done = 0; node.opened < 2; ) assert.equal(await one.increment("k"), ++done);
  node.intercept = undefined;
  await old;
  const { seen, evaluated } = of.groups[0]!.sessions;
  const numbers = new Set(seen.map(({ session, number }) => `${session.toString("hex")} ${number}`));
  assert.equal(numbers.size, evaluated);
  assert.deepEqual(seen.at(-1)!.session, seen[0]!.session);
  assert.ok(opened.length === 2 && opened.every((isOpen) => isOpen));
});

test("a session that has ended is left for another by writes that were not done", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  node.clockAheadMillis = 899_000;
  const one = await client(of);
  await one.put("k", "0");
  node.clockAheadMillis = 0;
  const end = performance.now() + 1100;
  while (performance.now() < end) await one.get("k");
  assert.equal(await one.increment("k"), 1);
  assert.equal(node.opened, 2);
  // Where every new one has ended, too, that is said; nobody asks for one after the other.
  node.intercept = () => ({ error: EXPIRED });
  await assert.rejects(one.increment("k", 1, { timeoutMillis: 300 }), hasCode("unavailable", false, /ended/));
  assert.equal(node.opened, 2);
});

test("servers without sessions are written to as ever, and asked once", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  node.openRefusal = { code: 12, details: "no such method" };
  const one = await client(of);
  const told: string[] = [];
  one.on("session", ({ isOpen, message }) => told.push(`${isOpen} ${message}`));
  assert.deepEqual(await Promise.all(Array.from({ length: 3 }, () => one.increment("k"))), [1, 2, 3]);
  node.breakNext = "executed";
  await assert.rejects(one.increment("k"), hasCode("unknown", true));
  assert.equal(await one.get("k"), "4");
  assert.deepEqual([node.opened, told, of.groups[0]!.sessions.seen], [1, ["false no such method"], []]);
});

test("who refuses sessions for a while is asked again, and so are others; who refuses the client says why", async () => {
  const of = await cluster(1, 2);
  const [primary, secondary] = of.nodes;
  primary!.openRefusal = { code: 14, details: "not yet" };
  secondary!.openRefusal = { code: 14, details: "nor here" };
  const one = await client(of);
  await assert.rejects(one.put("k", "v", { timeoutMillis: 200 }), hasCode("unavailable", false, /not yet|nor here/));
  assert.ok(primary!.opened > 0 && secondary!.opened > 0);
  const waits = one.put("k", "v");
  secondary!.openRefusal = undefined;
  await waits;
  const other = await client(of);
  primary!.openRefusal = { code: 16, details: "a password" };
  await assert.rejects(other.put("k", "v"), hasCode("unauthenticated", false, /password/));
});

test("a write that waits for a session ends with the caller's signal, and with the client", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  node.openRefusal = { code: 14, details: "not yet" };
  const one = await client(of);
  const controller = new AbortController();
  const aborted = one.put("k", "v", { signal: controller.signal });
  const closed = one.put("k", "v");
  controller.abort();
  await assert.rejects(aborted, hasCode("aborted"));
  assert.equal(one.metrics().inFlight, 1);
  await one.close();
  await assert.rejects(closed, hasCode("closed"));
  assert.equal(of.groups[0]!.sessions.evaluated, 0);
});

test("a call that was given up leaves its number closed", async () => {
  const of = await cluster();
  const node = of.nodes[0]!;
  const one = await client(of);
  await one.put("k", "0");
  node.isMute = true;
  const controller = new AbortController();
  const aborted = one.increment("k", 1, { signal: controller.signal });
  const late = one.increment("k", 1, { timeoutMillis: 50 });
  await assert.rejects(late, hasCode("unknown", true));
  controller.abort();
  await assert.rejects(aborted, hasCode("aborted", true));
  node.isMute = false;
  assert.equal(await one.increment("k"), 1);
  const { number, firstOpen } = of.groups[0]!.sessions.seen.at(-1)!;
  assert.deepEqual([number, firstOpen], [4, 4]);
});

test("counts add up through lost answers, new primaries and moves, for every kind of luck", async () => {
  const of = await cluster(2, 2);
  const several = await Promise.all(Array.from({ length: 3 }, () => client(of, { timeoutMillis: 120_000 })));
  const keys = Array.from({ length: 20 }, (_, index) => `key${index}`);
  let calls = 0;
  let seed = 7;
  const chance = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const count = async (one: HoldfastClient<string>): Promise<void> => {
    for (let i = 0; i < 300; i++, calls++) await one.increment(keys[chance(keys.length)]!);
  };
  const luck = (node: FakeKvNode): void => {
    node.intercept = (call) => {
      const drawn = chance(40);
      if (drawn === 0) node.answer(call);
      if (drawn <= 1) return { error: FATE_UNKNOWN };
      if (drawn === 2) node.breakNext = chance(2) === 0 ? "executed" : "undone";
      if (drawn === 3) of.failOver(node.group, chance(2) === 0);
      if (drawn === 4) of.moveAll(of.groups[chance(2)]!, of.groups[1 - (seed % 2)]!, chance(2) === 0);
      return undefined;
    };
  };
  for (const node of of.nodes) luck(node);
  await Promise.all(several.map(count));
  for (const node of of.nodes) node.intercept = undefined;
  const values = await Promise.all(keys.map((key) => several[0]!.get(key)));
  assert.equal(calls, 900);
  assert.equal(
    values.reduce((sum, value) => sum + Number(value ?? 0), 0),
    calls,
  );
  const evaluated = of.groups.reduce((sum, { sessions }) => sum + sessions.evaluated, 0);
  assert.equal(evaluated, calls);
});
