import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { simTimers } from "../../../../sim/kernel/simClock.ts";
import { NodeRandom } from "../../../../sim/node/requestRandom.ts";
import { keySlot } from "../../../../src/base/crc16.ts";
import { createPrng } from "../../../../src/base/prng.ts";
import { type Access, NOT_YET } from "../../../../src/core/command/call.ts";
import { commandTable } from "../../../../src/core/command/commandTable.ts";
import { NodeRig, type RigClient } from "../nodeRig.ts";
import { ScriptedNetwork } from "./scriptedNetwork.ts";

const MILLI = 1_000;
/** In place of an owner: whose the keys are is about to be decided. */
const NOBODY = "nobody";

/** One node, for which keys that begin with a name in `owners` belong to others. */
describe("forwarding", () => {
  let rig: NodeRig;
  let network: ScriptedNetwork;
  let owners: { [firstLetter: string]: string };
  let client: RigClient;

  beforeEach(async () => {
    rig = await NodeRig.open();
    const life = { alive: true };
    network = new ScriptedNetwork((run) => void rig.scheduler.after(1, undefined, "greeting", run));
    owners = { r: "far:1", s: "other:1" };
    const access: Access = ({ args, session }, spec) => {
      const lists =
        spec.name === "exec" && session.transaction !== undefined
          ? session.transaction.queue.map((queued) => commandTable.getKeys(queued.spec, queued.args))
          : [commandTable.getKeys(spec, args)];
      const key = lists.flat()[0];
      const owner = key === undefined ? undefined : owners[key[0]!];
      if (owner === NOBODY) return NOT_YET;
      return owner === undefined ? undefined : `MOVED ${keySlot(key!)} ${owner}`;
    };
    rig.node.executor.access = access;
    rig.node.executor.forwardBy({
      network,
      clock: rig.clock,
      timers: simTimers(rig.scheduler, life),
      random: new NodeRandom(createPrng("forwarding")),
      table: commandTable,
      password: () => "",
      self: () => "self:1",
    });
    client = rig.client();
  });

  const pass = (millis = 1): Promise<void> => rig.pass(millis * MILLI);

  it("sends a pipeline at once and keeps the order of replies", async () => {
    client.request("GET r1", "SET here 1", "GET s1", "GET here", "GET r2", "PING");
    await pass(5);
    assert.equal(client.take(), "");
    const [far, other] = [network.to("far:1"), network.to("other:1")];
    assert.deepEqual(far.requests, ["GET r1", "GET r2"]);
    assert.equal(other.answer("$1\r\nb\r\n"), "GET s1");
    assert.equal(client.take(), "");
    far.bytes("$1\r");
    far.bytes("\na\r\n$1\r\nc\r\n");
    assert.equal(client.take(), "$1 a +OK $1 b $1 1 $1 c +PONG ");
  });

  it("waits for the commit of what was written here before", async () => {
    client.request("GET r1");
    await pass(5);
    network.to("far:1").answer("+one\r\n");
    assert.equal(client.take(), "+one ");
    client.request("SET here 1", "GET r1", "SET here 2");
    await pass(0.01);
    network.to("far:1").answer("+two\r\n");
    assert.equal(client.take(), "");
    await pass(5);
    assert.equal(client.take(), "+OK +two +OK ");
  });

  it("follows MOVED, and evaluates here what has become its own", async () => {
    client.request("GET r1", "GET r2", "ECHO end");
    await pass();
    const far = network.to("far:1");
    far.bytes(`-MOVED ${keySlot("r1")} third:1\r\n`);
    assert.ok(!network.wires.some(({ address }) => address === "third:1"), "what is under way comes first");
    far.bytes("$1\r\n2\r\n");
    await pass();
    assert.equal(network.to("third:1").answer("$1\r\n1\r\n"), "GET r1");
    assert.equal(client.take(), "$1 1 $1 2 $3 end ");

    client.request("INCR r3", "GET r3");
    await pass();
    owners = {};
    far.requests.length = 0;
    for (let i = 0; i < 2; i++) far.bytes(`-MOVED ${keySlot("r3")} self:1\r\n`);
    await pass(5);
    assert.equal(client.take(), ":1 $1 1 ");
  });

  it("goes on with what was refused when what became its own beside it is committed", async () => {
    client.request("SET r1 1", "SET s1 1");
    await pass();
    owners = { s: NOBODY };
    network.to("other:1").answer("-TRYAGAIN it is moving\r\n");
    network.to("far:1").answer(`-MOVED ${keySlot("r1")} self:1\r\n`);
    await pass(100);
    assert.equal(client.take(), "+OK ");
    owners = { s: "other:1" };
    await pass(500);
    assert.equal(network.to("other:1").answer("+OK\r\n"), "SET s1 1");
    assert.equal(client.take(), "+OK ");
  });

  it("goes on with what waited for a request that became its own, when that is committed", async () => {
    client.request("INCR r1");
    await pass();
    owners = {};
    client.request("GET r1");
    await pass();
    network.to("far:1").answer(`-MOVED ${keySlot("r1")} self:1\r\n`);
    await pass(100);
    assert.equal(client.take(), ":1 $1 1 ");
  });

  it("tells who would have been overtaken that nothing was executed", async () => {
    client.request("SET r1 1", "SET r1 2");
    await pass();
    const far = network.to("far:1");
    far.bytes("-TRYAGAIN not now\r\n+OK\r\n");
    await pass(50);
    assert.match(client.take(), /^-TRYAGAIN A later request was executed first; this was not executed \+OK $/);
  });

  it("tries again for a while what was refused, then passes the error on", async () => {
    client.request("SET r1 1");
    await pass();
    const far = network.to("far:1");
    far.answer("-LOADING please wait\r\n");
    await pass(50);
    assert.equal(far.answer("+OK\r\n"), "SET r1 1");
    assert.equal(client.take(), "+OK ");
    client.request("SET r1 2");
    await pass();
    let tries = 0;
    for (; client.text === "" && tries < 10_000; tries++) {
      if (far.requests.length > 0) far.answer("-CLUSTERDOWN nobody there\r\n");
      await pass(10);
    }
    assert.equal(client.take(), "-CLUSTERDOWN nobody there ");
    assert.ok(tries > 500 && tries < 2_000, `${tries} tries`);
  });

  it("repeats a read whose connection was lost, never a write", async () => {
    client.request("GET r1");
    await pass();
    network.to("far:1").lose();
    await pass(100);
    assert.equal(network.to("far:1").answer("$1\r\n1\r\n"), "GET r1");
    assert.equal(client.take(), "$1 1 ");

    client.request("GET r1", "INCR r2", "GET r1");
    await pass();
    network.to("far:1").answer("$1\r\n1\r\n");
    network.to("far:1").lose();
    await pass(100);
    assert.ok(client.isCut);
    assert.equal(client.take(), "$1 1 ");
    assert.equal(network.wires.filter(({ isClosed }) => !isClosed).length, 0);
  });

  it("repeats a write that was never sent", async () => {
    network.greets = false;
    client.request("INCR r1");
    await pass();
    network.to("far:1").lose();
    network.greets = true;
    await pass(100);
    assert.equal(network.to("far:1").answer(":1\r\n"), "INCR r1");
    assert.equal(client.take(), ":1 ");
  });

  it("sends a transaction in one run, and repeats it as a whole", async () => {
    client.request("MULTI", "SET r1 1", "INCR r1", "EXEC", "PING");
    await pass();
    assert.equal(client.take(), "+OK +QUEUED +QUEUED ");
    const far = network.to("far:1");
    assert.deepEqual(far.requests, ["MULTI", "SET r1 1", "INCR r1", "EXEC"]);
    far.requests.length = 0;
    far.bytes(
      `+OK\r\n-MOVED 1 third:1\r\n-MOVED 1 third:1\r\n-EXECABORT Transaction discarded because of previous errors.\r\n`,
    );
    await pass();
    assert.deepEqual(network.to("third:1").requests, ["MULTI", "SET r1 1", "INCR r1", "EXEC"]);
    network.to("third:1").bytes("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n");
    assert.equal(client.take(), "*2 +OK :2 +PONG ");

    client.request("MULTI", "INCR r3", "EXEC");
    await pass();
    owners = {};
    far.requests.length = 0;
    far.bytes("+OK\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of: TRYAGAIN not now\r\n");
    await pass(100);
    assert.equal(client.take(), "+OK +QUEUED *1 :1 ");
  });

  it("breaks a watch whose connection is lost", async () => {
    client.request("WATCH r1");
    await pass();
    network.to("far:1").answer("+OK\r\n");
    client.request("GET r1");
    await pass();
    assert.equal(network.wires.length, 1, "reads between WATCH and EXEC take the same way");
    network.to("far:1").answer("$-1\r\n");
    network.to("far:1").lose();
    client.request("MULTI", "SET r1 1", "EXEC", "MULTI", "SET r1 1", "EXEC");
    await pass();
    assert.equal(client.take(), "+OK $-1 +OK +QUEUED *-1 +OK +QUEUED ");
    network.to("far:1").bytes("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    assert.equal(client.take(), "*1 +OK ");
  });

  it("lets a blocking command wait alone, and go elsewhere", async () => {
    client.request("GET r1", "BLPOP r2 0", "PING");
    await pass();
    assert.deepEqual(network.to("far:1").requests, ["GET r1"]);
    network.to("far:1").answer("+a\r\n");
    await pass(2);
    assert.equal(network.wires.length, 2);
    assert.deepEqual(network.to("far:1").requests, ["BLPOP r2 0"]);
    assert.equal(client.take(), "+a ");
    owners = {};
    network.to("far:1").answer("-MOVED 1 self:1\r\n");
    await pass(100);
    assert.equal(client.take(), "");
    const other = rig.client();
    other.request("RPUSH r2 x");
    await pass(10);
    assert.equal(client.take(), "*2 $2 r2 $1 x +PONG ");
  });

  it("lets who goes on waiting elsewhere wait no longer in all than it said, however long that was", async () => {
    client.request("BLPOP r2 r3{r2} 30");
    await pass();
    const far = network.to("far:1");
    await pass(12_000);
    assert.equal(far.answer(`-MOVED ${keySlot("r2")} third:1\r\n`), "BLPOP r2 r3{r2} 30");
    owners = { r: "third:1" };
    await pass(100);
    const [request] = network.to("third:1").requests;
    assert.match(request!, /^BLPOP r2 r3\{r2\} (18\.0\d\d|17\.9\d\d)$/);
    await pass(5_000);
    owners = {};
    network.to("third:1").answer("-UNBLOCKED force unblock from blocking operation\r\n");
    await pass(12_000);
    assert.equal(client.take(), "");
    await pass(2_000);
    assert.equal(client.take(), "*-1 ");

    owners = { r: "far:1" };
    client.request("BLMPOP 9 1 r2 LEFT");
    await pass();
    await pass(4_000);
    assert.equal(network.to("far:1").answer("-CLUSTERDOWN not served\r\n"), "BLMPOP 9 1 r2 LEFT");
    await pass(100);
    assert.match(network.to("far:1").requests[0]!, /^BLMPOP (4\.9\d\d|5\.000) 1 r2 LEFT$/);
  });

  it("ends the wait of a client at another node by that node", async () => {
    const { forwarding } = rig.node.executor;
    assert.equal(forwarding!.unblock(client.client, true), false);
    client.request("BLPOP r2 0", "PING");
    await pass();
    const waiting = network.to("far:1");
    assert.equal(forwarding!.unblock(client.client, true), true);
    await pass();
    const shared = network.to("far:1");
    assert.notEqual(shared, waiting);
    // It was there before the request that waits.
    assert.equal(shared.answer(":0\r\n"), "CLIENT UNBLOCK 7 ERROR");
    await pass(50);
    assert.equal(shared.answer(":1\r\n"), "CLIENT UNBLOCK 7 ERROR");
    waiting.answer("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    await pass(50);
    assert.equal(client.take(), "-UNBLOCKED client unblocked via CLIENT UNBLOCK +PONG ");
    assert.deepEqual(shared.requests, []);
    assert.equal(forwarding!.unblock(client.client, true), false);
  });

  it("closes the connection of a client that goes while it waits", async () => {
    client.request("BLPOP r2 0");
    await pass();
    const wire = network.to("far:1");
    rig.node.executor.disconnect(client.client);
    assert.ok(wire.isClosed);
  });

  it("lets a client wait that asks for too much at once", async () => {
    const lines = Array.from({ length: 6_000 }, (_, at) => `GET r${at}`);
    client.request(...lines, "ECHO end");
    await pass();
    const far = network.to("far:1");
    const sent: number = far.requests.length;
    assert.equal(sent, 4_096);
    let answered = 0;
    while (answered < 6_000) {
      if (far.requests.length === 0) await pass();
      else {
        far.answer("+x\r\n");
        answered++;
      }
    }
    await pass();
    assert.equal(client.take(), `${"+x ".repeat(6_000)}$3 end `);
  });

  it("does not try for ever to reach who is to let a client wait", async () => {
    network.greets = false;
    client.request("BLPOP r2 0", "PING");
    await pass();
    let tries = 0;
    for (; client.text === "" && tries < 10_000; tries++) {
      const far = network.to("far:1");
      if (!far.isClosed) far.lose();
      await pass(10);
    }
    assert.match(client.take(), /^-CLUSTERDOWN The node that has the key cannot be reached: lost \+PONG $/);
    assert.ok(tries < 2_000, `${tries} tries`);
  });

  it("gives up what answers nonsense", async () => {
    client.request("GET r1");
    await pass();
    const far = network.to("far:1");
    far.bytes("nonsense");
    assert.ok(far.isClosed);
    await pass(100);
    assert.equal(network.to("far:1").answer("+a\r\n"), "GET r1");
    assert.equal(client.take(), "+a ");
  });
});
