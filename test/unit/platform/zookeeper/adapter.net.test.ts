import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { nodeClock, nodeTimers } from "../../../../src/platform/nodeClock.ts";
import { nodeRandom } from "../../../../src/platform/nodeRandom.ts";
import type { ZookeeperTls } from "../../../../src/platform/zookeeper/connection.ts";
import type { JuteWriter } from "../../../../src/platform/zookeeper/jute.ts";
import { ZookeeperCoordinator } from "../../../../src/platform/zookeeper/zookeeperCoordinator.ts";
import type { SessionEvent } from "../../../../src/ports/coordinator.ts";
import { code, durable, eventsOf, until, value } from "../../../contracts/coordinatorRig.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { type FakeRequest, FakeServer } from "./fakeServer.ts";

const GET_DATA = 4;
const SET_WATCHES = 101;
const STAT_BYTES = 68;

describe("the ZooKeeper adapter and a server that does not do what it should", () => {
  let server: FakeServer;
  let port: number;
  let coordinator: ZookeeperCoordinator;
  let events: SessionEvent[];

  beforeEach(async () => {
    server = new FakeServer();
    port = await server.listen();
  });
  afterEach(async () => {
    await coordinator.close();
    await server.close();
  });

  function connect(connectString = `127.0.0.1:${port}`, sessionMillis = 1000): void {
    const parts = { clock: nodeClock, timers: nodeTimers, random: nodeRandom };
    const made = ZookeeperCoordinator.connect({ connectString, sessionMillis, ...parts });
    assert.ok(made.ok);
    coordinator = made.value;
    events = eventsOf(coordinator);
  }

  const isConnected = (): boolean => coordinator.session.state === "connected";

  /** Answers reads with some data. */
  function answerReads({ type, xid, connection }: FakeRequest): void {
    if (type !== GET_DATA) return;
    const write = (writer: JuteWriter): void => {
      writer.text("data");
      for (let i = 0; i < STAT_BYTES / 4; i++) writer.int(0);
    };
    connection.reply(xid, 0, write, 77n);
  }

  test("connections that end at once are tried again, slower and slower", async () => {
    server.onSocket = (socket) => socket.destroy();
    connect();
    await until("it has tried", () => server.connections >= 3);
    assert.equal(coordinator.session.state, "connecting");
    server.onSocket = undefined;
    await until("it is connected", isConnected);
    assert.deepEqual(events, ["connected"]);
    assert.equal(coordinator.session.id, "1234");
  });

  test("garbage in the place of a greeting is survived", async () => {
    const garbage = [
      Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0]),
      Buffer.from([0, 0, 0, 2, 0, 0]),
      Buffer.from([0x7f, 0xff, 0xff, 0xff]),
      Buffer.from([0, 0, 0, 24, 0, 0, 0, 9, ...Buffer.alloc(20)]),
    ];
    server.onSocket = (socket) => {
      const next = garbage.shift();
      if (next === undefined) server.onSocket = undefined;
      socket.write(next ?? "");
      if (next === undefined) socket.destroy();
    };
    connect();
    await until("it is connected", isConnected);
    assert.deepEqual(garbage, []);
  });

  test("half a frame and then a cut: the change is unknown, the read unavailable, the session goes on", async () => {
    connect();
    await until("it is connected", isConnected);
    server.onRequest = ({ connection, type }) => {
      if (type !== GET_DATA) return;
      connection.socket.write(Buffer.from([0, 0, 0, 100, 1, 2, 3]), () => connection.socket.destroy());
    };
    const changed = code(coordinator.replace("/a", "x", 0));
    const read = code(coordinator.get("/a"));
    assert.equal(await changed, "unknown");
    assert.equal(await read, "unavailable");
    await until("it is connected again", isConnected);
    assert.deepEqual(events, ["connected", "suspended", "connected"]);
    assert.equal(server.handshakes.at(-1)?.sessionId, 0x1234n);
  });

  test("unknown codes are unknown for changes and unavailable for reads, and the connection stays", async () => {
    server.onRequest = ({ xid, connection }) => connection.reply(xid, -9999);
    connect();
    assert.equal(await code(coordinator.get("/a")), "unavailable");
    assert.equal(await code(coordinator.replace("/a", "x", 0)), "unknown");
    assert.equal(await code(coordinator.multi([{ op: "check", path: "/a", version: 0 }])), "unknown");
    assert.equal(server.connections, 1);
  });

  test("codes that are known are told", async () => {
    const codes = [-101, -102, -103, -108, -110, -111, -8, -4, -5, -118];
    const expected = [
      "no_node",
      "no_auth",
      "bad_version",
      "no_children_for_ephemerals",
      "exists",
      "not_empty",
      "invalid",
    ];
    server.onRequest = ({ xid, connection }) => connection.reply(xid, codes.shift());
    connect();
    const seen: string[] = [];
    while (codes.length > 0) seen.push(await code(coordinator.replace("/a", "x", 0)));
    assert.deepEqual(seen, [...expected, "unknown", "unknown", "unavailable"]);
  });

  test("a reply to another request, and a body that is none, end the connection", async () => {
    const replies = [
      ({ xid, connection }: FakeRequest) => connection.reply(xid + 7),
      ({ xid, connection }: FakeRequest) => connection.reply(xid, 0, (writer) => writer.int(1_000_000)),
      ({ xid, connection }: FakeRequest) => connection.reply(xid, 0, (writer) => writer.int(-7)),
      ({ connection }: FakeRequest) => connection.socket.write(Buffer.from([0, 0, 0, 3, 1, 2, 3])),
    ];
    server.onRequest = (request) => replies.shift()?.(request);
    connect();
    while (replies.length > 0) {
      await until("it is connected", isConnected);
      assert.equal(await code(coordinator.children("/a")), "unavailable");
    }
    await until("it is connected", isConnected);
    assert.equal(server.connections, 5);
  });

  test("a server that falls silent is left after two thirds of the session, for the next", async () => {
    const other = new FakeServer();
    const otherPort = await other.listen();
    try {
      connect(`127.0.0.1:${port},127.0.0.1:${otherPort}`);
      await until("it is connected", isConnected);
      const [first, second] = server.connections > 0 ? [server, other] : [other, server];
      first.isSilent = true;
      const begun = performance.now();
      assert.equal(await code(coordinator.get("/a")), "unavailable");
      assert.ok(performance.now() - begun < 3000);
      await until("it is connected again", isConnected);
      assert.equal(coordinator.session.id, "1234");
      assert.ok(second.handshakes.length > 0);
    } finally {
      await other.close();
    }
  });

  test("an attempt that is not answered is given up", async () => {
    server.onSocket = () => undefined;
    connect();
    await until("it has tried again", () => server.connections >= 2);
    server.onSocket = undefined;
    await until("it is connected", isConnected);
  });

  test("a server that says the session is over: lost, and then a new one", async () => {
    connect();
    await until("it is connected", isConnected);
    server.session = undefined;
    server.cut();
    await until("it is lost", () => events.includes("lost"));
    assert.equal(coordinator.session.id, undefined);
    server.session = 0x5678n;
    await until("there is a new one", isConnected);
    assert.deepEqual(events, ["connected", "suspended", "lost", "renewed"]);
    assert.equal(coordinator.session.id, "5678");
    assert.equal(server.handshakes.at(-1)?.sessionId, 0n);
  });

  test("an operation that says the session is over does as well", async () => {
    server.onRequest = ({ xid, connection }) => connection.reply(xid, -112);
    connect();
    assert.equal(await code(coordinator.replace("/a", "x", 0)), "session_lost");
    await until("there is a new one", () => events.includes("renewed"));
    assert.deepEqual(events, ["connected", "lost", "renewed"]);
  });

  test("without servers the session is given up after four thirds, and ended before there is a new one", async () => {
    connect();
    await until("it is connected", isConnected);
    const begun = performance.now();
    server.onSocket = (socket) => socket.destroy();
    server.cut();
    await until("it is lost", () => events.includes("lost"));
    assert.ok(performance.now() - begun > 900, "not before its time");
    const before = server.handshakes.length;
    server.onSocket = undefined;
    await until("there is a new one", isConnected);
    assert.deepEqual(
      server.handshakes.slice(before).map(({ sessionId }) => sessionId),
      [0x1234n, 0n],
    );
    assert.deepEqual(events, ["connected", "suspended", "lost", "renewed"]);
  });

  test("a read's watch is set again at the next server, in pieces, with what was seen last", async () => {
    server.onRequest = (request) => {
      answerReads(request);
      if (request.type === SET_WATCHES) request.connection.reply(-8);
    };
    connect();
    const paths = Array.from({ length: 3000 }, (_, index) => `/${"x".repeat(90)}${index}`);
    let calls = 0;
    const watch = (): void => void calls++;
    for (const read of await Promise.all(paths.map((path) => coordinator.get(path, { watch })))) assert.ok(read.ok);
    server.cut();
    await until("it is connected again", () => events.length === 3);
    const setAgain = (): FakeRequest[] => server.requests.filter(({ type }) => type === SET_WATCHES);
    await until("the watches are set", () => setAgain().length >= 3);
    const seen = setAgain().flatMap(({ body }) => {
      assert.equal(body.long(), 77n);
      return body.texts();
    });
    assert.deepEqual(seen.sort(), [...paths].sort());
    assert.equal(server.handshakes.at(-1)?.lastZxid, 77n);
    setAgain()[0]!.connection.reply(-1, 0, (writer) => writer.int(3).int(3).text(paths[0]!), -1n);
    await until("one was told", () => calls === 1);
    // Neither an event of an unknown type nor one for nobody does harm.
    setAgain()[0]!.connection.reply(-1, 0, (writer) => writer.int(99).int(3).text(paths[1]!), -1n);
    setAgain()[0]!.connection.reply(-1, 0, (writer) => writer.int(3).int(3).text("/nobody"), -1n);
    await value(coordinator.get(paths[0]!));
    assert.equal(calls, 1);
  });

  test("more than a server takes at a time waits, and more than that is refused", async () => {
    connect();
    await until("it is connected", isConnected);
    const asked = Array.from({ length: 11_500 }, () => code(coordinator.create("/a", "", durable)));
    const answers = Promise.all(asked);
    await until("the server has some", () => server.requests.length === 1000);
    server.onRequest = ({ xid, connection }) => connection.reply(xid, -110);
    for (const { xid, connection } of server.requests) connection.reply(xid, -110);
    const counts = new Map<string, number>();
    for (const answer of await answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    assert.deepEqual(
      [...counts],
      [
        ["exists", 11_000],
        ["unavailable", 500],
      ],
    );
  });

  test("an operation without an answer is told after a session, although the server answers pings", async () => {
    connect();
    await until("it is connected", isConnected);
    assert.equal(await code(coordinator.replace("/a", "x", 0)), "unknown");
    const { xid, connection } = server.requests[0]!;
    server.onRequest = answerReads;
    // The late answer belongs to nobody; the one behind it finds its own.
    const read = value(coordinator.get("/a"));
    connection.reply(xid, -103);
    await until("the server has both", () => server.requests.length === 2);
    assert.equal((await read).data, "data");
    assert.equal(server.connections, 1);
  });

  test("close waits for a server that does not answer only so long", async () => {
    connect();
    await until("it is connected", isConnected);
    server.isSilent = true;
    const begun = performance.now();
    await coordinator.close();
    assert.ok(performance.now() - begun < 5000);
    assert.equal(coordinator.session.state, "closed");
  });
});

describe("the ZooKeeper adapter over TLS", () => {
  test("speaks to servers that prove who they are, proves itself, and speaks to no others", async () => {
    const certificates = await makeCertificates();
    const { ca, certificate, key } = certificates.of("worker");
    const server = new FakeServer({ ca, cert: certificate, key, requestCert: true, rejectUnauthorized: true });
    const port = await server.listen();
    const connect = (tls: ZookeeperTls): ZookeeperCoordinator => {
      const parts = { clock: nodeClock, timers: nodeTimers, random: nodeRandom };
      const made = ZookeeperCoordinator.connect({
        connectString: `127.0.0.1:${port}`,
        sessionMillis: 1000,
        tls,
        ...parts,
      });
      assert.ok(made.ok);
      return made.value;
    };
    const trusted = connect({ ca, client: { certificate, key } });
    const distrusting = connect({ ca: certificates.of("other").ca, client: { certificate, key } });
    const anonymous = connect({ ca });
    try {
      await until("it is connected", () => trusted.session.state === "connected");
      for (const refused of [distrusting, anonymous]) {
        const answer = await refused.get("/a");
        assert.ok(!answer.ok && answer.error.code === "unavailable");
        assert.equal(refused.session.id, undefined);
      }
      // The one that is trusted may have come back to its session; nobody else has come.
      assert.equal(server.handshakes.filter(({ sessionId }) => sessionId === 0n).length, 1);
    } finally {
      await Promise.all([trusted, distrusting, anonymous].map((coordinator) => coordinator.close()));
      await server.close();
    }
  });
});

describe("the settings of the ZooKeeper adapter", () => {
  const parts = { clock: nodeClock, timers: nodeTimers, random: nodeRandom };
  const wrong = ["", "/", "h1:", "h1:0", "h1:70000", "h1:x", "h1,,h2", "h1 h2", "h1:2181/a//b", "h1:2181/.."];
  for (const connectString of wrong) {
    test(`refuse ${JSON.stringify(connectString)}`, () => {
      assert.equal(ZookeeperCoordinator.connect({ connectString, ...parts }).ok, false);
    });
  }
  test("refuse a user without a password", () => {
    assert.equal(ZookeeperCoordinator.connect({ connectString: "h1", auth: "me", ...parts }).ok, false);
  });
});
