import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { DirectWriter } from "../../../src/proto/directWrite.ts";

interface Pair {
  readonly client: Socket;
  readonly socket: Socket;
  readonly writer: DirectWriter;
  readonly drains: () => number;
}

/** Reads as fast as it can, in a thread of its own; tells how many bytes came. */
const READER = `
  const { parentPort, workerData } = require("node:worker_threads");
  let bytes = 0;
  require("node:net").connect(workerData).on("data", (chunk) => (bytes += chunk.length)).on("end", () => parentPort.postMessage(bytes));
`;
const FAST_WRITES = 3_000;
const FAST_BYTES = 200_000;

for (const isOdd of [false, true]) {
  describe(isOdd ? "where Node's inside is not what it was" : "texts written straight to a socket's handle", () => {
    let server: Server;
    before(async () => {
      server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
      await once(server, "listening");
    });
    after(() => server.close());

    async function open(): Promise<Pair> {
      const client = connect((server.address() as AddressInfo).port, "127.0.0.1").pause();
      const [socket] = (await once(server, "connection")) as [Socket];
      const inside = socket as unknown as { _handle: unknown };
      const { _handle: handle } = inside;
      if (isOdd) inside._handle = undefined;
      let drains = 0;
      const writer = new DirectWriter(socket, () => drains++);
      inside._handle = handle;
      return { client, socket, writer, drains: () => drains };
    }

    /** Whether the last write went past the stream. */
    function isDirect({ socket }: Pair, write: () => void): boolean {
      let viaStream = 0;
      const { write: original } = socket;
      socket.write = function (this: Socket, ...args: Parameters<Socket["write"]>) {
        viaStream++;
        return original.apply(this, args);
      } as Socket["write"];
      write();
      socket.write = original;
      return viaStream === 0;
    }

    async function readAll(client: Socket): Promise<string> {
      const chunks: Buffer[] = [];
      for await (const chunk of client as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks).toString("latin1");
    }

    it("arrive in order, are counted, and every byte value survives", async () => {
      const pair = await open();
      const every = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
      assert.equal(pair.writer.write("first "), true);
      assert.equal(
        isDirect(pair, () => pair.writer.write(every)),
        !isOdd,
      );
      pair.socket.write(Buffer.from("bytes between "));
      assert.equal(
        isDirect(pair, () => pair.writer.writeBytes(Buffer.from(every, "latin1"))),
        !isOdd,
      );
      pair.writer.write("last");
      const expected = `first ${every}bytes between ${every}last`;
      assert.equal(pair.socket.bytesWritten, expected.length);
      pair.socket.end();
      assert.equal(await readAll(pair.client), expected);
      assert.equal(pair.writer.unsentBytes, 0);
      pair.client.destroy();
    });

    for (const form of ["text", "bytes"])
      it(`wait as ${form} when the other side does not read, in order with what comes behind`, async () => {
        const pair = await open();
        const write = (text: string): boolean =>
          form === "text" ? pair.writer.write(text) : pair.writer.writeBytes(Buffer.from(text));
        let expected = "";
        let i = 0;
        while (pair.writer.unsentBytes === 0) {
          const text = `${i++};`.padEnd(4096, "x");
          expected += text;
          write(text);
        }
        assert.ok(pair.writer.unsentBytes > 0 && pair.writer.unsentBytes <= 4096);
        assert.equal(
          isDirect(pair, () => write("behind")),
          false,
        );
        pair.socket.write(Buffer.from(" and bytes"));
        const drained = once(pair.socket, "drain");
        for (let more = 0; more < 50; more++) write("y".repeat(4096));
        expected += `behind and bytes${"y".repeat(50 * 4096)}`;
        assert.equal(pair.drains(), 0);
        const reading = readAll(pair.client);
        await drained;
        assert.equal(pair.drains(), isOdd ? 0 : 1);
        assert.equal(pair.writer.unsentBytes, 0);
        assert.equal(
          isDirect(pair, () => write(" again")),
          !isOdd,
        );
        pair.socket.end();
        assert.equal(await reading, `${expected} again`);
      });

    // Node ends the process when the request of a write is used for the next one, and the reader decides which write needs its request.
    it("survive a reader that takes in between what did not fit", async () => {
      const directory = await mkdtemp(join(tmpdir(), "holdfast-write-"));
      const path = join(directory, "socket");
      const server = createServer({ allowHalfOpen: true }).listen(path);
      await once(server, "listening");
      const reader = new Worker(READER, { eval: true, workerData: path });
      const told = once(reader, "message");
      const [socket] = (await once(server, "connection")) as [Socket];
      let onDrain: () => void = () => undefined;
      const writer = new DirectWriter(socket, () => onDrain());
      socket.on("drain", () => onDrain());
      const text = "f".repeat(FAST_BYTES);
      for (let i = 0; i < FAST_WRITES; i++) {
        const drained = new Promise<void>((resolve) => {
          onDrain = resolve;
        });
        if (!writer.write(text)) await drained;
      }
      socket.end();
      assert.equal((await told)[0], FAST_WRITES * FAST_BYTES);
      socket.destroy();
      server.close();
      await reader.terminate();
      await rm(directory, { recursive: true, force: true });
    });

    it("go out before the end of the connection", async () => {
      const pair = await open();
      let expected = "";
      while (pair.writer.unsentBytes === 0) {
        expected += "z".repeat(4096);
        pair.writer.write("z".repeat(4096));
      }
      pair.socket.end();
      await sleep(20);
      assert.equal((await readAll(pair.client)).length, expected.length);
    });

    it("end with the connection when nobody takes them", async () => {
      const pair = await open();
      while (pair.writer.unsentBytes === 0) pair.writer.write("z".repeat(4096));
      pair.socket.destroy();
      await once(pair.socket, "close");
      await sleep(20);
      assert.equal(pair.drains(), 0);
      pair.client.destroy();
    });

    it("to a client that is gone destroy the socket", async () => {
      const pair = await open();
      pair.socket.on("error", () => pair.socket.destroy());
      pair.writer.write("unread");
      await sleep(20);
      pair.client.resetAndDestroy();
      const deadline = Date.now() + 10_000;
      while (!pair.socket.destroyed && Date.now() < deadline) {
        pair.writer.write("nobody hears this");
        await sleep(5);
      }
      assert.ok(pair.socket.destroyed);
    });
  });
}
