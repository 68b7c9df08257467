import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, mock, test } from "node:test";
import { readAnswers } from "../../src/client/answers.ts";
import { writeCall } from "../../src/client/callWriter.ts";
import type { AnswerMessage, CallKind } from "../../src/client/messages.ts";
import { type GrpcStatus, statusOfTrailers } from "../../src/client/wire/grpcStatus.ts";
import { ProtoWriter } from "../../src/client/wire/protoWriter.ts";
import { start } from "../../src/main/server.ts";
import { FrameReader, frameOf } from "../../src/proto/grpcFrames.ts";
import { KvNode } from "../support/kvNode.ts";

const MIB = 1 << 20;
type Asked = readonly [id: number, kind: CallKind, message: object];

/** A connection to a Redis port that sends what it is told to, and keeps all that comes. */
class RawCalls {
  readonly socket: Socket;
  text = "";
  readonly answers: AnswerMessage[] = [];
  /** Frames without a message. */
  empty = 0;
  status: GrpcStatus | undefined;
  isClosed = false;
  #isFramed = false;
  #told: () => void = () => undefined;

  /** `isFramed`: frames follow the first `+OK`. */
  constructor(port: number, isFramed = true) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const frames = new FrameReader(
      64 * MIB,
      (bytes, from, end) => {
        if (from === end) this.empty++;
        else this.answers.push(...readAnswers(bytes, from, end));
      },
      (bytes, from, end) => {
        this.status = statusOfTrailers(bytes.subarray(from, end));
      },
    );
    this.socket.on("data", (piece) => {
      let bytes = piece;
      if (!this.#isFramed) {
        this.text += piece.toString("latin1");
        this.#isFramed = isFramed && this.text.endsWith("+OK\r\n");
        bytes = piece.subarray(piece.length);
      }
      if (bytes.length > 0) assert.equal(frames.push(bytes), undefined, "these are no frames");
      this.#told();
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.isClosed = true;
      this.#told();
    });
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  async begin(): Promise<this> {
    this.socket.write("CALLS 1\r\n");
    await this.until(() => this.text === "+OK\r\n");
    return this;
  }

  ask(...calls: readonly Asked[]): void {
    const writer = new ProtoWriter();
    for (const [id, kind, message] of calls) writeCall(writer, id, 5000, kind, message);
    const message = writer.take();
    this.socket.write(frameOf([message], message.length));
  }
}

describe("calls on a Redis port", { timeout: 60_000 }, () => {
  let rig: KvNode;
  let port: number;
  const opened: RawCalls[] = [];
  const open = (isFramed = true): RawCalls => {
    const calls = new RawCalls(port, isFramed);
    opened.push(calls);
    return calls;
  };

  before(async () => {
    rig = await KvNode.start();
    port = Number(new URL(rig.node.url).port);
    await rig.redis.set("mib", Buffer.alloc(MIB, 1));
  });

  after(async () => {
    for (const { socket } of opened) socket.destroy();
    await rig.stop();
  });

  const fact = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}:(\\d+)\r$`, "m").exec(await rig.redis.info("clients"))?.[1]);

  test("what is asked is answered, in one message or in many, and an empty one by an empty one", async () => {
    const calls = await open().begin();
    calls.ask([1, "put", { key: "k", value: "v".repeat(100) }]);
    await calls.until(() => calls.answers.length === 1);
    assert.equal(calls.answers[0]!.put!.applied, true);
    const large = "x".repeat(200_000);
    calls.ask([2, "put", { key: "large", value: large }], [3, "get", { key: "k" }]);
    calls.socket.write(Buffer.alloc(5));
    calls.ask([4, "get", { key: "nobody" }]);
    await calls.until(() => calls.answers.length === 4 && calls.empty === 1);
    const byId = new Map(calls.answers.map((answer) => [answer.id, answer]));
    assert.equal(byId.get(3)!.get!.value.toString(), "v".repeat(100));
    assert.equal(byId.get(4)!.get!.found, false);
    calls.ask([5, "get", { key: "large" }]);
    await calls.until(() => calls.answers.length === 5);
    assert.equal(calls.answers[4]!.get!.value.toString(), large);
    assert.equal(await rig.redis.get("large"), large);
  });

  test("frames may be cut anywhere", async () => {
    const calls = await open().begin();
    const writer = new ProtoWriter();
    for (let id = 1; id <= 3; id++) writeCall(writer, id, 5000, "increment", { key: "cut", delta: 1 });
    const message = writer.take();
    for (const byte of frameOf([message], message.length)) {
      calls.socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await calls.until(() => calls.answers.length === 3);
    assert.deepEqual(
      calls.answers.map(({ increment }) => Number(increment!.value)),
      [1, 2, 3],
    );
  });

  test("who ends its side gets its answers, and then the end", async () => {
    const calls = await open().begin();
    calls.ask(...Array.from({ length: 100 }, (_, i): Asked => [i + 1, "put", { key: `end${i}`, value: "v" }]));
    calls.socket.end();
    await calls.until(() => calls.isClosed);
    assert.deepEqual([calls.answers.length, calls.status], [100, undefined]);
  });

  test("who ends its side with CALLS gets the agreement, and then the end", async () => {
    const calls = open();
    calls.socket.end("CALLS 1\r\n");
    await calls.until(() => calls.isClosed);
    assert.deepEqual([calls.text, calls.status], ["+OK\r\n", undefined]);
  });

  for (const [what, request, reply] of [
    ["another version", "CALLS 2\r\n", /^-ERR this node speaks version 1 of CALLS\r\n$/],
    ["no version", "CALLS\r\n", /^-ERR wrong number of arguments for 'calls' command\r\n$/],
    ["a transaction", "MULTI\r\nCALLS 1\r\n", /^\+OK\r\n-ERR Command not allowed inside a transaction\r\n$/],
  ] as const) {
    test(`${what} is refused, and the connection goes on speaking Redis`, async () => {
      const calls = open(false);
      calls.socket.write(`${request}RESET\r\nPING\r\n`);
      await calls.until(() => calls.text.endsWith("+PONG\r\n"));
      assert.match(calls.text.replace("+RESET\r\n+PONG\r\n", ""), reply);
    });
  }

  test("who does not wait for the answer to CALLS, or for those before, is turned away", async () => {
    for (const request of ["CALLS 1\r\nPING\r\n", "SET early 1\r\nCALLS 1\r\n"]) {
      const calls = open(false);
      calls.socket.write(request);
      await calls.until(() => calls.isClosed);
      assert.match(calls.text, /-ERR Protocol error: CALLS is answered before anything else is sent/);
    }
    assert.equal(await rig.redis.get("early"), "1");
  });

  test("what is no message ends the stream with a code, and costs nobody else anything", async () => {
    const other = await open().begin();
    for (const [bytes, code, words] of [
      [Buffer.from([0, 0, 0, 0, 3, 0x0a, 0x7f, 1]), 3, /malformed/],
      // Only the first failure is told.
      [Buffer.from([0, 0, 0, 0, 3, 0x0a, 0x7f, 1, 1, 0, 0, 0, 1, 0]), 3, /malformed/],
      [Buffer.from([0, 0x04, 0x20, 0, 1]), 8, /at most \d+ bytes/],
      [Buffer.from([1, 0, 0, 0, 1, 0]), 13, /not compressed/],
      [Buffer.from([0, 0x7f, 0, 0, 0, 0]), 8, /at most \d+ bytes/],
      [Buffer.from("GET / HTTP/1.1\r\n\r\n"), 13, /not compressed/],
    ] as const) {
      const calls = await open().begin();
      calls.socket.write(bytes);
      await calls.until(() => calls.isClosed);
      assert.equal(calls.status?.code, code);
      assert.match(calls.status.message, words);
      assert.ok(calls.status.detail !== undefined && calls.status.detail.length > 0);
    }
    const twice = await open().begin();
    twice.ask([7, "get", { key: "k" }], [Number.MAX_SAFE_INTEGER + 1, "get", { key: "k" }]);
    await twice.until(() => twice.isClosed);
    assert.deepEqual([twice.answers.length, twice.status?.code], [1, 3]);
    other.ask([1, "get", { key: "k" }]);
    await other.until(() => other.answers.length === 1);
  });

  for (const [how, leave] of [
    ["is gone", ({ socket }: RawCalls) => socket.resetAndDestroy()],
    ["says what is no frame", ({ socket }: RawCalls) => socket.write(Buffer.from([1, 0, 0, 0, 0]))],
  ] as const) {
    test(`what was held up is not executed for somebody who ${how}`, async () => {
      const calls = await open().begin();
      await rig.redis.sendCommand(["CLIENT", "PAUSE", "60000", "WRITE"]);
      try {
        calls.ask([1, "put", { key: "held", value: "v" }], [2, "get", { key: "held" }]);
        await calls.until(() => calls.answers.length === 1);
        const before = await fact("connected_clients");
        leave(calls);
        while ((await fact("connected_clients")) === before);
      } finally {
        await rig.redis.sendCommand(["CLIENT", "UNPAUSE"]);
      }
      await rig.redis.set("other", "v");
      assert.deepEqual([await rig.redis.get("held"), calls.answers.map(({ id }) => id)], [null, [2]]);
    });
  }

  test("it is idle since its last call", async () => {
    const calls = await open().begin();
    const idle = async (): Promise<string | undefined> => {
      const list = String(await rig.redis.sendCommand(["CLIENT", "LIST"]));
      const own = list.split("\n").find((each) => each.includes(`addr=127.0.0.1:${calls.socket.localPort} `));
      return / idle=(\d+) /.exec(own!)?.[1];
    };
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    try {
      mock.timers.tick(10_000);
      assert.equal(await idle(), "10");
      calls.ask([1, "get", { key: "k" }]);
      await calls.until(() => calls.answers.length === 1);
      assert.equal(await idle(), "0");
    } finally {
      mock.timers.reset();
    }
  });

  test("a stream has so many calls under way, and one too many is refused", async () => {
    const calls = await open().begin();
    const most = 16_384;
    calls.ask(...Array.from({ length: most + 1 }, (_, i): Asked => [i + 1, "put", { key: "open", value: "v" }]));
    await calls.until(() => calls.answers.length === most + 1);
    const refused = calls.answers.filter(({ error }) => error !== undefined);
    assert.deepEqual(
      refused.map(({ id, error }) => [id, error!.code]),
      [[most + 1, 8]],
    );
    calls.ask([most + 1, "put", { key: "open", value: "v" }]);
    await calls.until(() => calls.answers.length === most + 2);
    assert.equal(calls.answers.at(-1)!.error, undefined);
  });

  test("it is a client like others: counted once, listed, killed, and turned away when there are too many", async () => {
    for (const { socket } of opened.splice(0)) socket.destroy();
    while ((await fact("connected_clients")) !== 1);
    const calls = await open().begin();
    calls.ask([1, "get", { key: "k" }]);
    await calls.until(() => calls.answers.length === 1);
    assert.deepEqual([await fact("connected_clients"), await fact("grpc_streams")], [2, 0]);
    const list = String(await rig.redis.sendCommand(["CLIENT", "LIST"]));
    const line = list.split("\n").find((each) => each.includes("cmd=calls"))!;
    assert.match(line, / idle=0 /);
    await rig.redis.configSet("maxclients", "2");
    const late = open();
    await late.until(() => late.isClosed);
    assert.match(late.text, /^-ERR max number of clients reached/);
    await rig.redis.configSet("maxclients", "10000");
    await rig.redis.sendCommand(["CLIENT", "KILL", "ID", /^id=(\d+)/.exec(line)![1]!]);
    await calls.until(() => calls.isClosed);
    assert.equal(await fact("connected_clients"), 1);
  });

  test("client-output-buffer-limit cuts off who does not read", async () => {
    await rig.redis.configSet("client-output-buffer-limit", "normal 2mb 0 0");
    try {
      const calls = await open().begin();
      calls.socket.pause();
      calls.ask(...Array.from({ length: 64 }, (_, i): Asked => [i + 1, "get", { key: "mib" }]));
      while ((await fact("connected_clients")) > 1);
    } finally {
      await rig.redis.configSet("client-output-buffer-limit", "normal 268435456 0 0");
    }
  });

  test("who reads slowly gets everything, and meanwhile nothing more of it is executed", async () => {
    const calls = await open().begin();
    calls.socket.pause();
    for (let id = 1; id <= 60; id++) calls.ask([id, "get", { key: "mib" }]);
    calls.ask([61, "put", { key: "after", value: "all" }]);
    for (let id = 62; id <= 93; id++) calls.ask([id, "put", { key: "long", value: "x".repeat(MIB) }]);
    // Another client has its turn long after that: what waits for the reader is not executed, and not even taken.
    for (let i = 0; i < 600; i++) await rig.redis.ping();
    assert.equal(await rig.redis.get("after"), null);
    assert.ok(calls.socket.writableLength > 0);
    calls.socket.resume();
    await calls.until(() => calls.answers.length === 93);
    assert.deepEqual(
      calls.answers.map(({ id }) => id),
      Array.from({ length: 93 }, (_, i) => i + 1),
    );
    assert.equal(await rig.redis.get("after"), "all");
  });

  test("a password is wanted first", async () => {
    const guarded = await start({ requirepass: "secret" });
    const calls = new RawCalls(guarded.port);
    opened.push(calls);
    calls.socket.write("CALLS 1\r\n");
    await calls.until(() => calls.text !== "");
    assert.match(calls.text, /^-NOAUTH /);
    await guarded.stop();
    await calls.until(() => calls.isClosed);
  });

  test("when the node stops, so does the stream, with what was answered", async () => {
    const ending = await start();
    const calls = await new RawCalls(ending.port).begin();
    opened.push(calls);
    calls.ask([1, "put", { key: "k", value: "v" }]);
    await calls.until(() => calls.answers.length === 1);
    await Promise.all([ending.stop(), calls.until(() => calls.isClosed)]);
  });
});
