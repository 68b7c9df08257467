import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { after, before, describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Args } from "../../../src/core/command/args.ts";
import { newSession } from "../../../src/gateway/resp/clientSession.ts";
import { Connection, type ConnectionParts, type Traffic } from "../../../src/gateway/resp/connection.ts";
import { Client, type ClientSink } from "../../../src/worker/client.ts";
import type { Executor } from "../../../src/worker/executor.ts";
import { encodeCommand, formatReply, RespClient } from "../../support/respClient.ts";

const KIBIBYTE = 1024;
const LIMITS = { bulkBytesMax: 512 << 20, queryBytesMax: 1 << 30, outputBytesMax: 1 << 30 };

function partsOf(executor: unknown): ConnectionParts {
  const traffic = { receivedBytes: 0, sentBytes: 0 };
  return { executor: executor as Executor, limits: () => LIMITS, openCalls: () => undefined, traffic };
}

/** Answers every request with its last argument; stops and holds replies back when told so, as a node does. */
class ObedientExecutor {
  isOpen = true;
  holdsReplies = false;
  executed = 0;
  disconnected = 0;
  client!: Client;
  stalled = false;
  #out: Buffer[] = [];
  #held: Buffer[] = [];

  connect(session: Client["session"], sink: ClientSink): Client {
    this.client = new Client(session, sink);
    return this.client;
  }

  disconnect(): void {
    this.disconnected++;
  }

  beginTurn(): void {}

  mayExecute(): boolean {
    return this.isOpen;
  }

  awaitNode(): void {
    this.stalled = true;
  }

  run(_client: Client, args: Args): void {
    this.executed++;
    const text = args.text(args.length - 1);
    this.#out.push(Buffer.from(`$${text.length}\r\n${text}\r\n`, "latin1"));
  }

  get unfinishedBytes(): number {
    return this.#out.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  finish(client: Client): void {
    if (this.#out.length === 0) return;
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    if (!this.holdsReplies) return client.sink.send(bytes);
    this.#held.push(bytes);
    client.held++;
    client.heldBytes += bytes.length;
  }

  /** What was held back is committed. */
  release(): void {
    for (const bytes of this.#held.splice(0)) {
      this.client.held--;
      this.client.heldBytes -= bytes.length;
      this.client.sink.send(bytes);
    }
  }
}

describe("a connection", () => {
  let server: Server;
  before(async () => {
    server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => server.close());

  async function open(): Promise<{
    client: RespClient;
    executor: ObedientExecutor;
    connection: Connection;
    traffic: Traffic;
  }> {
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, "connection");
    const client = await RespClient.connect({ port });
    const [socket] = await accepted;
    const executor = new ObedientExecutor();
    const session = newSession(1, socket, 0, true);
    const parts = partsOf(executor);
    const connection = new Connection(socket, session, parts);
    return { client, executor, connection, traffic: parts.traffic };
  }

  it("reads nothing while the node stands still, and then goes on where it was", async () => {
    const { client, executor, connection, traffic } = await open();
    const requests = 2_000;
    executor.isOpen = false;
    client.write(Buffer.concat(Array(requests).fill(encodeCommand(["ECHO", Buffer.alloc(10 * KIBIBYTE, "x")]))));
    while (!executor.stalled) await nextTurn();
    for (let i = 0; i < 200; i++) await nextTurn();
    assert.ok(executor.client.session.queryBytes <= 128 * KIBIBYTE, `${executor.client.session.queryBytes} bytes`);
    assert.ok(traffic.receivedBytes <= 128 * KIBIBYTE, `${traffic.receivedBytes} bytes`);
    executor.isOpen = true;
    connection.resume();
    for (let i = 0; i < requests; i++) {
      const reply = await client.nextReply();
      assert.ok(reply.type === "bulk" && reply.bytes.length === 10 * KIBIBYTE, `reply ${i}`);
    }
    await client.close();
  });

  it("executes no more while much waits for its commit", async () => {
    const { client, executor } = await open();
    const requests = 1_000;
    executor.holdsReplies = true;
    client.write(Buffer.concat(Array(requests).fill(encodeCommand(["ECHO", Buffer.alloc(10 * KIBIBYTE, "x")]))));
    while (executor.client.heldBytes <= KIBIBYTE * KIBIBYTE) await nextTurn();
    for (let i = 0; i < 200; i++) await nextTurn();
    assert.ok(executor.client.heldBytes < 2 * KIBIBYTE * KIBIBYTE, `${executor.client.heldBytes} bytes are held`);
    const releasing = setInterval(() => executor.release(), 1);
    for (let i = 0; i < requests; i++) assert.equal((await client.nextReply()).type, "bulk");
    clearInterval(releasing);
    assert.equal(executor.executed, requests);
    await client.close();
  });

  it("ends when the last reply that waits for its commit is out", async () => {
    const { client, executor, connection } = await open();
    executor.holdsReplies = true;
    client.write(encodeCommand(["ECHO", "a"]));
    while (executor.executed === 0) await nextTurn();
    client.endWriting();
    for (let i = 0; i < 20; i++) await nextTurn();
    connection.end();
    assert.equal(executor.disconnected, 0);
    executor.release();
    assert.equal(formatReply(await client.nextReply()), '$"a"');
    await client.closed();
    assert.ok(executor.disconnected > 0);
  });

  it("is closed for a client that hears the end and does not close its own side", async () => {
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, "connection");
    const stubborn = connect({ port, allowHalfOpen: true });
    const [socket] = await accepted;
    const executor = new ObedientExecutor();
    const connection = new Connection(socket, newSession(1, socket, 0, true), partsOf(executor));
    const closed = new Promise<void>((resolve) => {
      connection.onClosed = resolve;
    });
    stubborn.resume();
    connection.end();
    await once(stubborn, "end");
    const chatter = setInterval(() => stubborn.write("x".repeat(KIBIBYTE)), 1);
    stubborn.on("error", () => clearInterval(chatter));
    await closed;
    clearInterval(chatter);
    assert.equal(executor.executed, 0);
    stubborn.destroy();
  });

  it("goes on while others wake it in the middle of their own requests", async () => {
    const { client, executor, connection } = await open();
    const run = executor.run.bind(executor);
    executor.run = (of, args) => {
      connection.resume();
      run(of, args);
      connection.resume();
    };
    client.write(Buffer.concat(Array.from({ length: 100 }, (_, i) => encodeCommand(["ECHO", i]))));
    for (let i = 0; i < 100; i++) assert.equal(formatReply(await client.nextReply()), `$"${i}"`);
    await client.close();
  });
});
