import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makePath } from "../../../../src/coordination/makePath.ts";
import { nodeClock, nodeTimers } from "../../../../src/platform/nodeClock.ts";
import { nodeRandom } from "../../../../src/platform/nodeRandom.ts";
import { ZookeeperCoordinator } from "../../../../src/platform/zookeeper/zookeeperCoordinator.ts";
import { code, durable, eventsOf, session, until, value } from "../../../contracts/coordinatorRig.ts";
import { noZookeeper, startEnsemble, type ZookeeperEnsemble } from "../../../support/zookeeperEnsemble.ts";

const SESSION_MILLIS = 2000;
const SERVERS = [0, 1, 2] as const;

describe("the ZooKeeper adapter and a real ensemble that fails", { skip: noZookeeper }, () => {
  let ensemble: ZookeeperEnsemble;
  const clients: ZookeeperCoordinator[] = [];
  // The adapter's timers do not keep a process alive, and without servers it has nothing else.
  const awake = setInterval(() => undefined, 1000);

  before(async () => {
    ensemble = await startEnsemble();
  });
  after(async () => {
    for (const index of SERVERS) ensemble.servers.signal(index, "SIGCONT");
    await Promise.all(clients.map((client) => client.close()));
    await ensemble.dispose();
    clearInterval(awake);
  });

  async function connect(settings: { readonly auth?: string; readonly servers?: string } = {}) {
    const { servers: connectString = ensemble.connectString, ...auth } = settings;
    const parts = { clock: nodeClock, timers: nodeTimers, random: nodeRandom };
    const made = ZookeeperCoordinator.connect({ connectString, sessionMillis: SESSION_MILLIS, ...auth, ...parts });
    assert.ok(made.ok);
    clients.push(made.value);
    await until("it is connected", () => made.value.session.state === "connected");
    return made.value;
  }

  /** The server that does what this client asks can be any: each in turn is put to sleep. */
  test("a server that sleeps costs a part of the session, and not the session", async () => {
    const coordinator = await connect();
    const events = eventsOf(coordinator);
    const { id } = coordinator.session;
    await value(coordinator.create("/sleep", "", session));
    for (const index of SERVERS) {
      if ((await ensemble.servers.modeOf(index)) === "leader") continue;
      ensemble.servers.signal(index, "SIGSTOP");
      let isAnswered = false;
      await until("a read is answered", async () => {
        isAnswered = (await coordinator.get("/sleep")).ok;
        return isAnswered;
      });
      ensemble.servers.signal(index, "SIGCONT");
      await until("all serve", async () => (await ensemble.servers.ready()) === undefined);
    }
    assert.equal(coordinator.session.id, id);
    assert.ok(!events.includes("lost"), events.join());
    assert.equal((await value(coordinator.get("/sleep", { sync: true }))).owner, id);
    await coordinator.close();
  });

  test("ten thousand watches move to the next server, and none is lost", async () => {
    const coordinator = await connect();
    const witness = await connect();
    await value(makePath(witness, "/many"));
    const paths = Array.from({ length: 10_000 }, (_, index) => `/many/${"a rather long name ".repeat(4)}${index}`);
    const called = new Set<string>();
    const watched = paths.map((path) => value(coordinator.exists(path, { watch: () => called.add(path) })));
    await Promise.all(watched);
    const events = eventsOf(coordinator);
    for (const index of SERVERS) {
      if (events.length > 0) break;
      await ensemble.servers.stopServer(index, "SIGKILL");
      // With two of three the ensemble goes on, wherever the client was.
      await until("a read is answered", async () => (await coordinator.get("/")).ok);
      ensemble.servers.startServer(index);
      assert.equal(await ensemble.servers.ready(), undefined);
    }
    assert.ok(events.includes("suspended") && coordinator.session.state === "connected", events.join());
    for (const path of [paths[0]!, paths[5000]!, paths[9999]!]) {
      await until("it is made", async () => /^(ok|exists)$/.test(await code(witness.create(path, "", durable))));
      await until("it is told", () => called.has(path));
    }
    assert.equal(called.size, 3);
  });

  test("all servers down for three sessions: everything is answered, and all goes on by itself", async () => {
    const coordinator = await connect();
    const events = eventsOf(coordinator);
    await value(coordinator.create("/down", "", session));
    await Promise.all(SERVERS.map((index) => ensemble.servers.stopServer(index, "SIGKILL")));
    const begun = performance.now();
    const codes = new Set<string>();
    while (performance.now() - begun < 3 * SESSION_MILLIS) {
      codes.add(await code(coordinator.replace("/down", "x", 0)));
    }
    assert.deepEqual(events.slice(0, 2), ["suspended", "lost"]);
    for (const seen of codes) assert.match(seen, /^(unknown|unavailable|session_lost)$/);
    for (const index of SERVERS) ensemble.servers.startServer(index);
    await until("there is a new session", () => coordinator.session.state === "connected");
    assert.deepEqual(events, ["suspended", "lost", "renewed"]);
    await until("it is written again", async () => {
      const created = await coordinator.create("/down", "again", session);
      return created.ok;
    });
    assert.equal((await value(coordinator.get("/down"))).owner, coordinator.session.id);
  });

  test("what was made with a password is nobody else's", async () => {
    const owner = await connect({ auth: "holdfast:secret" });
    await until("it is made", async () => (await makePath(owner, "/locked")).ok);
    await value(owner.replace("/locked", "mine", 0));
    const same = await connect({ auth: "holdfast:secret" });
    assert.equal((await value(same.get("/locked", { sync: true }))).data, "mine");
    for (const stranger of [await connect(), await connect({ auth: "holdfast:guess" })]) {
      assert.equal(await code(stranger.get("/locked", { sync: true })), "no_auth");
      assert.equal(await code(stranger.replace("/locked", "theirs", 1)), "no_auth");
      assert.equal(await code(stranger.create("/locked/a", "", durable)), "no_auth");
      const refused = await stranger.multi([{ op: "replace", path: "/locked", data: "", version: 1 }]);
      assert.ok(!refused.ok);
      assert.deepEqual(refused.error, { code: "no_auth", index: 0 });
    }
  });
});
