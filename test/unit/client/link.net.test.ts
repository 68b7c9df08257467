import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Link } from "../../../src/client/link.ts";
import type { Request } from "../../../src/client/request.ts";
import { ProtoCodecs, type ProtoTree } from "../../../src/client/wire/protoCodec.ts";
import { ProtoWriter } from "../../../src/client/wire/protoWriter.ts";
import { FRAME_HEAD_BYTES, FrameReader, writeFrameHead } from "../../../src/proto/grpcFrames.ts";
import { KV_PROTO } from "../../../src/proto/kvProto.ts";

const CODECS = new ProtoCodecs(KV_PROTO as ProtoTree);
const REQUEST = CODECS.of("holdfast.v1.CallsRequest");
const REPLY = CODECS.of("holdfast.v1.CallsReply");
const CROWD = 10;
/** What a first write takes, so that round trips are short beside it. */
const WRITE_MILLIS = 100;

/** A node that answers when it is told to, and tells what came in which message. */
class FakeNode {
  readonly server: Server;
  pingMillis = 0;
  pings = 0;
  #socket: Socket | undefined;
  readonly #messages: string[] = [];
  #onMessage: (() => void) | undefined;

  constructor() {
    this.server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The calls of the next message, such as "put 1, get 2". */
  async message(): Promise<string> {
    while (this.#messages.length === 0)
      await new Promise<void>((resolve) => {
        this.#onMessage = resolve;
      });
    return this.#messages.shift()!;
  }

  get isQuiet(): boolean {
    return this.#messages.length === 0;
  }

  answer(...ids: readonly number[]): void {
    const writer = new ProtoWriter();
    writer.skip(FRAME_HEAD_BYTES);
    REPLY.encode({ answers: ids.map((id) => ({ id, put: { applied: true } })) }, writer);
    this.#write(writer.take());
  }

  cut(): void {
    this.#socket!.destroy();
  }

  #write(frame: Buffer): void {
    writeFrameHead(frame);
    this.#socket!.write(frame);
  }

  #serve(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", () => socket.destroy());
    const frames = new FrameReader(1 << 20, (bytes, start, end) => {
      if (start === end) {
        this.pings++;
        setTimeout(() => socket.write(Buffer.alloc(FRAME_HEAD_BYTES)), this.pingMillis);
        return;
      }
      const { calls } = REQUEST.decode(bytes.subarray(start, end)) as {
        calls: readonly { id: number; put?: object }[];
      };
      this.#messages.push(calls.map(({ id, put }) => `${put === undefined ? "get" : "put"} ${id}`).join(", "));
      this.#onMessage?.();
    });
    socket.once("data", (greeting: Buffer) => {
      assert.equal(greeting.toString(), "*2\r\n$5\r\nCALLS\r\n$1\r\n1\r\n");
      socket.write("+OK\r\n");
      socket.on("data", (piece: Buffer) => void frames.push(piece));
    });
  }
}

describe("writes to one node", () => {
  let node: FakeNode;
  let link: Link;
  let failures: number[];

  before(async () => {
    node = new FakeNode();
    node.server.listen(0, "127.0.0.1");
    await once(node.server, "listening");
  });
  after(() => node.server.close());
  beforeEach(() => {
    node.pingMillis = 0;
    node.pings = 0;
    failures = [];
    const address = { host: "127.0.0.1", port: node.port };
    link = new Link(
      `127.0.0.1:${node.port}`,
      { tls: undefined, password: undefined, callsOver: "redis", redisOf: () => address },
      { onAnswer: () => undefined, onFailure: (request) => failures.push(request.id) },
    );
  });
  afterEach(() => link.close());

  function send(kind: "put" | "get", bytes = 1): Request {
    const now = performance.now();
    const value = "v".repeat(bytes);
    const message = kind === "put" ? { key: "key", value } : { key: "key" };
    const request = { kind, message, isWrite: kind === "put", deadline: now + 10_000 } as Partial<Request> as Request;
    link.send(request, now);
    return request;
  }

  /** Writes take long, round trips are measured, and there are, or were, so many writes at a time. Uses up the first ids. */
  async function teach(count = CROWD): Promise<void> {
    for (let i = 0; i < count; i++) send("put");
    await node.message();
    const measured = 2;
    for (const end = Date.now() + 5000; node.pings < measured; await sleep(1)) assert.ok(Date.now() < end);
    await sleep(WRITE_MILLIS);
    node.answer(...Array.from({ length: count }, (_, i) => i + 1));
    while (link.inFlight > 0) await sleep(1);
  }

  /** Lets the link write what it is going to. */
  async function turns(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  it("wait for the answers to those before them, and go together", async () => {
    await teach();
    send("put");
    assert.equal(await node.message(), "put 11");
    send("put");
    await turns();
    send("put");
    await turns();
    assert.equal(link.messages, 2);
    node.answer(11);
    assert.equal(await node.message(), "put 12, put 13");
    // The first answer of a message is not the last.
    node.answer(12);
    while (link.inFlight > 1) await sleep(1);
    send("put");
    await turns();
    assert.equal(link.messages, 3);
    node.answer(13);
    assert.equal(await node.message(), "put 14");
  });

  it("go at once where a round trip takes as long as they do", async () => {
    node.pingMillis = WRITE_MILLIS;
    await teach();
    send("put");
    assert.equal(await node.message(), "put 11");
    send("put");
    assert.equal(await node.message(), "put 12");
  });

  it("go at once where there are few of them", async () => {
    await teach(2);
    send("put");
    assert.equal(await node.message(), "put 3");
    send("put");
    assert.equal(await node.message(), "put 4");
  });

  it("go with a read", async () => {
    await teach();
    send("put");
    assert.equal(await node.message(), "put 11");
    send("put");
    await turns();
    send("get");
    assert.equal(await node.message(), "put 12, get 13");
  });

  it("go when there is much of them", async () => {
    await teach();
    send("put");
    assert.equal(await node.message(), "put 11");
    send("put", 10_000);
    await turns();
    assert.equal(link.messages, 2);
    send("put", 10_000);
    assert.equal(await node.message(), "put 12, put 13");
  });

  it("do not wait for ever", async () => {
    await teach();
    send("put");
    assert.equal(await node.message(), "put 11");
    send("put");
    await turns();
    link.impatient(performance.now());
    await turns();
    assert.equal(link.messages, 2);
    link.impatient(performance.now() + 10 * WRITE_MILLIS);
    assert.equal(await node.message(), "put 12");
  });

  it("do not wait for what nobody wants any more", async () => {
    await teach();
    const given = send("put");
    assert.equal(await node.message(), "put 11");
    send("put");
    link.forget(given);
    assert.equal(await node.message(), "put 12");
  });

  it("that waited go to the next connection when there is no answer any more", async () => {
    await teach();
    send("put");
    assert.equal(await node.message(), "put 11");
    send("put");
    await turns();
    node.cut();
    assert.equal(await node.message(), "put 12");
    assert.deepEqual(failures, [11]);
    assert.ok(node.isQuiet);
  });
});
