import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { readShared, SHARED_READ_BYTES } from "../../../src/gateway/resp/sharedRead.ts";

/** What was read, in each of its sockets, and the socket that replaced the accepted one. */
interface Reader {
  readonly chunks: Buffer[];
  readonly socket: Socket;
  hasEnded: boolean;
}

for (const isOdd of [false, true]) {
  describe(isOdd ? "where Node's inside is not what it was" : "sockets that read into one buffer", () => {
    let server: Server;
    before(async () => {
      server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, "127.0.0.1");
      await once(server, "listening");
    });
    after(() => server.close());

    async function open(): Promise<{ readonly client: Socket; readonly reader: Reader }> {
      const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
      const [accepted] = (await once(server, "connection")) as [Socket];
      if (isOdd) Object.assign((accepted as unknown as { _handle: object })._handle, { useUserBuffer: undefined });
      const chunks: Buffer[] = [];
      const socket = readShared(accepted, (bytes, length) => chunks.push(Buffer.from(bytes.subarray(0, length))));
      const reader = { chunks, socket, hasEnded: false };
      socket.on("end", () => {
        reader.hasEnded = true;
      });
      return { client, reader };
    }

    it(isOdd ? "each has its own" : "each gets its own bytes", async () => {
      const pairs = [];
      for (let i = 0; i < 10; i++) pairs.push(await open());
      assert.equal(pairs[0]!.reader.socket.remoteAddress, "127.0.0.1");
      for (const { reader } of pairs) reader.socket.resume();
      for (let round = 0; round < 20; round++)
        for (const [i, { client }] of pairs.entries()) client.write(`${i}${round};`);
      for (const { client } of pairs) client.end();
      await Promise.all(pairs.map(({ reader }) => once(reader.socket, "end")));
      for (const [i, { reader }] of pairs.entries()) {
        const expected = Array.from({ length: 20 }, (_, round) => `${i}${round};`).join("");
        assert.equal(Buffer.concat(reader.chunks).toString(), expected);
        assert.equal(reader.socket.bytesRead, expected.length);
        reader.socket.end("bye");
      }
      const words = await Promise.all(pairs.map(async ({ client }) => String((await once(client, "data"))[0])));
      assert.deepEqual(words, Array(10).fill("bye"));
      await Promise.all(pairs.map(({ client }) => (client.closed ? undefined : once(client, "close"))));
    });

    it("nothing is read before resume and after pause", async () => {
      const { client, reader } = await open();
      const { socket, chunks } = reader;
      const received = () => Buffer.concat(chunks).length;
      client.write("a");
      await settle();
      assert.equal(received(), 0);
      socket.resume();
      while (received() === 0) await settle();
      socket.pause();
      client.end(Buffer.alloc(8 * SHARED_READ_BYTES));
      for (let i = 0; i < 10; i++) await settle();
      assert.equal(received(), 1);
      assert.equal(reader.hasEnded, false);
      socket.resume();
      await once(socket, "end");
      assert.equal(received(), 1 + 8 * SHARED_READ_BYTES);
      assert.ok(chunks.every((chunk) => chunk.length <= SHARED_READ_BYTES));
      socket.destroy();
    });

    it("the server counts connections as ever", async () => {
      const { client, reader } = await open();
      const count = promisify(server.getConnections.bind(server));
      assert.equal(await count(), 1);
      reader.socket.destroy();
      await once(client, "close");
      assert.equal(await count(), 0);
    });
  });
}

/** Lets what was written arrive. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
