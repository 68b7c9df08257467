import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createPrng } from "../../../src/base/prng.ts";
import { encodeHello } from "../../../src/platform/link/introduction.ts";
import { HELLO_KIND, payloadCrc, writeFrameHeader } from "../../../src/platform/link/linkFrame.ts";
import type { TcpLinkOptions } from "../../../src/platform/link/linkOptions.ts";
import { tcpLinks } from "../../../src/platform/link/tcpLinks.ts";
import { nodeRandom } from "../../../src/platform/nodeRandom.ts";
import { identity, Recorder } from "../../contracts/linkContract.ts";
import { makeCertificates } from "../../support/certificates.ts";

const HERE = { host: "127.0.0.1", port: 0 };
const closers: (() => unknown)[] = [];

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let looks = 0; !isSo(); looks++) {
    assert.ok(looks < 10_000, what);
    await sleep(2);
  }
}

async function enter(replica: string, options: Partial<TcpLinkOptions> = {}): Promise<Recorder> {
  const recorder = new Recorder();
  const network = tcpLinks({ random: nodeRandom, ...options });
  const joined = await network.join({ self: identity(replica), listen: HERE, handler: recorder });
  assert.ok(joined.ok);
  recorder.endpoint = joined.value;
  closers.push(() => joined.value.close());
  return recorder;
}

function call(recorder: Recorder): { readonly socket: Socket; readonly isClosed: () => boolean } {
  let isClosed = false;
  const socket = connect(recorder.endpoint.address);
  socket.resume();
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
  });
  closers.push(() => void socket.destroy());
  return { socket, isClosed: () => isClosed };
}

function frame(kind: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + payload.length);
  writeFrameHeader(bytes, 0, kind, payload.length, payloadCrc([payload]));
  bytes.set(payload, 12);
  return bytes;
}

/** A listener of our own, and what it does to those who call. */
async function listen(greet: (socket: Socket) => void): Promise<{ readonly host: string; readonly port: number }> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    closers.push(() => void socket.destroy());
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.unshift(() => void server.close());
  const bound = server.address();
  return { host: "127.0.0.1", port: typeof bound === "object" && bound !== null ? bound.port : 0 };
}

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe("those who are no peers", () => {
  test("garbage of any kind is refused at once, and nothing comes up", async () => {
    const b = await enter("b");
    const prng = createPrng("garbage");
    for (let i = 0; i < 40; i++) {
      const bytes = Buffer.alloc(prng.between(12, 3000));
      prng.fill(bytes);
      const { socket, isClosed } = call(b);
      socket.write(bytes);
      await until(isClosed, "it was closed");
    }
    const http = call(b);
    http.socket.write("GET / HTTP/1.1\r\nHost: b\r\n\r\n");
    await until(http.isClosed, "it was closed");
    assert.equal(b.refused("not_a_link"), 41);
    assert.equal(b.refusals.length, 1, "it was told once");
    assert.deepEqual(b.ups, []);
  });

  test("a hello that is cut anywhere, or changed anywhere, gives no link", async () => {
    const b = await enter("b", { introductionMillisMax: 100 });
    b.endpoint.expect("a", HERE);
    const hello = frame(HELLO_KIND, encodeHello({ version: 1, identity: identity("a"), process: 5, to: "b" }));
    const calls: ReturnType<typeof call>[] = [];
    for (let at = 0; at < hello.length; at += 3) {
      const changed = Buffer.from(hello);
      changed[at]! ^= 0x10;
      for (const bytes of [hello.subarray(0, at), changed]) {
        const each = call(b);
        each.socket.write(bytes);
        calls.push(each);
      }
      await sleep(1);
    }
    await until(() => calls.every(({ isClosed }) => isClosed()), "all were closed");
    assert.deepEqual(b.ups, []);
  });

  test("one who says nothing is dropped, and many of them do not keep a peer out", async () => {
    const [a, b] = [await enter("a"), await enter("b", { introductionMillisMax: 400, strangersMax: 8 })];
    const silent = Array.from({ length: 30 }, () => call(b));
    await until(() => b.refused("too_many") >= 22, "the eldest are dropped");
    a.endpoint.expect("b", b.endpoint.address);
    b.endpoint.expect("a", a.endpoint.address);
    await until(() => a.ups.length === 1 && b.ups.length === 1, "the link is up");
    await until(() => silent.every(({ isClosed }) => isClosed()), "all were dropped");
    assert.equal(b.refused("timeout") + b.refused("too_many"), 30);
  });

  test("another version is refused by its number", async () => {
    const b = await enter("b");
    const { socket, isClosed } = call(b);
    const hello = encodeHello({ version: 2, identity: identity("a"), process: 5, to: "b" });
    socket.write(frame(HELLO_KIND, hello.subarray(0, 10)));
    await until(isClosed, "it was closed");
    assert.match(b.refusals[0]!.message, /version 2/);
  });

  test("who should wait to be called is told so", async () => {
    const b = await enter("b");
    b.endpoint.expect("z", HERE);
    const { socket, isClosed } = call(b);
    socket.write(frame(HELLO_KIND, encodeHello({ version: 1, identity: identity("z"), process: 5, to: "b" })));
    await until(isClosed, "it was closed");
    assert.equal(b.refused("wrong_direction"), 1);
  });

  test("a server that is no replica is called again and again, and complained about once", async () => {
    const a = await enter("a", { attemptMillisMax: 100 });
    const talker = await listen((socket) => socket.write("220 mail.example.org ready for you\r\n"));
    const mute = await listen(() => undefined);
    a.endpoint.expect("b", talker);
    a.endpoint.expect("c", mute);
    a.endpoint.expect("d", { host: "127.0.0.1", port: 70_000 });
    a.endpoint.expect("e", { host: "no such host", port: 1 });
    await until(() => a.refused("not_a_link") >= 2 && a.refused("timeout") >= 2, "both were tried twice");
    assert.deepEqual(a.refusals.map(({ code }) => code).sort(), ["not_a_link", "timeout"]);
  });
});

describe("a link that is up", () => {
  /** A peer of our own making, which says what it likes. */
  async function linked(options: Partial<TcpLinkOptions> = {}): Promise<[Recorder, Socket]> {
    const b = await enter("b", options);
    b.endpoint.expect("a", HERE);
    const { socket } = call(b);
    socket.write(frame(HELLO_KIND, encodeHello({ version: 1, identity: identity("a"), process: 5, to: "b" })));
    socket.write(frame(241, new Uint8Array(0)));
    await until(() => b.ups.length === 1, "it is up");
    return [b, socket];
  }

  test("arrives whole if it comes byte by byte", async () => {
    const [b, socket] = await linked({ silenceMillis: 5000 });
    const prng = createPrng("bytes");
    const sent: Buffer[] = [];
    for (let i = 0; i < 30; i++) {
      const payload = Buffer.alloc(prng.between(0, 40));
      prng.fill(payload);
      sent.push(payload);
    }
    const stream = Buffer.concat(sent.map((payload) => frame(3, payload)));
    for (let at = 0; at < stream.length; ) {
      const count = prng.between(1, 30);
      socket.write(stream.subarray(at, at + count));
      at += count;
      await new Promise(setImmediate);
    }
    await until(() => b.frames.length === sent.length, "all have arrived");
    b.frames.forEach(({ bytes }, i) => {
      assert.equal(Buffer.compare(bytes, sent[i]!), 0);
    });
  });

  test("goes down when a bit was changed, or a frame is too long", async () => {
    for (const at of [0, 3, 4, 6, 9, 12, 30]) {
      const [b, socket] = await linked();
      const bytes = frame(3, new Uint8Array(40));
      bytes[at]! ^= 4;
      socket.write(bytes);
      await until(() => b.downs.length === 1, "it is down");
      assert.deepEqual([b.downs[0]!.reason, b.frames.length], ["damaged", 0]);
    }
    const [b, socket] = await linked({ frameBytesMax: 1000 });
    socket.write(frame(3, new Uint8Array(1001)));
    await until(() => b.downs.length === 1, "it is down");
    assert.equal(b.downs[0]!.reason, "damaged");
  });

  test("goes down when the peer talks and takes nothing", async () => {
    const [b, socket] = await linked();
    socket.pause();
    const talking = setInterval(() => socket.write(frame(243, new Uint8Array(0))), 50);
    closers.push(() => clearInterval(talking));
    for (let i = 0; i < 8; i++) b.ups[0]!.send(1, new Uint8Array(4_000_000));
    await until(() => b.downs.length === 1, "it is down");
    assert.equal(b.downs[0]!.reason, "stuck");
  });

  test("stays up when this process was the one that stood still", async () => {
    const [b, socket] = await linked();
    const talking = setInterval(() => socket.write(frame(243, new Uint8Array(0))), 50);
    closers.push(() => clearInterval(talking));
    await sleep(60);
    socket.write(frame(3, new Uint8Array(1)));
    const end = performance.now() + 700;
    while (performance.now() < end);
    await sleep(30);
    assert.deepEqual(b.downs, []);
    assert.equal(b.frames.length, 1);
  });
});

describe("links over TLS", () => {
  test("a certificate of another authority, and none at all, are refused", async () => {
    const certificates = await makeCertificates();
    const b = await enter("b", { tls: certificates.of("worker") });
    const others = [await enter("a", { tls: { ...certificates.of("other"), ca: certificates.of("worker").ca } })];
    others.push(await enter("a", { tls: certificates.of("other") }), await enter("a"));
    b.endpoint.expect("a", HERE);
    for (const a of others) a.endpoint.expect("b", b.endpoint.address);
    await until(() => others[1]!.refused("not_trusted") > 0, "we do not trust it");
    await until(() => b.refused("not_trusted") > 2, "it does not trust us");
    await until(() => others[2]!.endpoint.statistics.failedAttempts > 1, "plain calls lead to nothing");
    assert.ok(others[0]!.endpoint.statistics.failedAttempts > 0);
    assert.deepEqual([b.ups, ...others.map(({ ups }) => ups)], [[], [], [], []]);
  });
});
