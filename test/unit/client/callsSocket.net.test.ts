import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { CallsSocket } from "../../../src/client/wire/callsSocket.ts";
import { FRAME_HEAD_BYTES } from "../../../src/proto/grpcFrames.ts";

function frameOf(number: number): Buffer {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + 4);
  frame.writeUInt32LE(number, FRAME_HEAD_BYTES);
  return frame;
}

test("where calls are refused, every frame is given back that was written until that is told", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => socket.write("-ERR unknown command 'CALLS'\r\n"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [written, givenBack] = await new Promise<[number, readonly Buffer[]]>((resolve) => {
    let count = 0;
    let isRefused = false;
    const socket = new CallsSocket({ host: "127.0.0.1", port }, undefined, {
      onMessage: () => undefined,
      onEnd: () => undefined,
      onRefused: (frames) => {
        isRefused = true;
        resolve([count, frames]);
      },
    });
    // In every turn of the event loop, so also between the refusal and the end of the connection.
    const write = (): void => {
      if (isRefused) return;
      socket.write(frameOf(count++));
      setImmediate(write);
    };
    write();
  });
  server.close();
  assert.ok(written > 1);
  assert.deepEqual(
    givenBack.map((frame) => frame.readUInt32LE(FRAME_HEAD_BYTES)),
    Array.from({ length: written }, (_, i) => i),
  );
});
