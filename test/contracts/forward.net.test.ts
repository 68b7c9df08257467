import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TcpForward } from "../../src/platform/forward/tcpForward.ts";
import type { ForwardHandler } from "../../src/ports/forwarder.ts";
import { type ForwardPeer, type ForwardWorld, forwardContract, Gathered } from "./forwardContract.ts";

/** Looks of 2 ms each; a deadline by the clock would pass while the whole process stands still. */
const LOOKS_MAX = 10_000;

class TcpPeer implements ForwardPeer {
  readonly received = new Gathered();
  isClosed = false;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => this.received.add(bytes));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
    });
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroySoon();
  }
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      resolve(`127.0.0.1:${port}`);
    });
  });
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let looks = 0; !isSo(); looks++) {
    if (looks > LOOKS_MAX) throw new Error(`it is not so in time: ${what}`);
    await sleep(2);
  }
}

async function tcpWorld(): Promise<ForwardWorld> {
  const servers: Server[] = [];
  const peers: TcpPeer[] = [];
  return {
    network: new TcpForward(),
    listen: async () => {
      const server = createServer((socket) => peers.push(new TcpPeer(socket)));
      servers.push(server);
      return { address: await listening(server), peers };
    },
    nobody: async () => {
      const server = createServer();
      const address = await listening(server);
      await closed(server);
      return address;
    },
    hold: () => {
      for (const { socket } of peers) socket.pause();
    },
    release: () => {
      for (const { socket } of peers) socket.resume();
    },
    until,
    pass: (millis) => sleep(millis),
    dispose: async () => {
      for (const { socket } of peers) socket.destroy();
      for (const server of servers) await closed(server);
    },
  };
}

forwardContract("TCP", tcpWorld);

test("an address that does not answer is told, once", async () => {
  // The system answers for a process that stands still as long as its queue has room.
  const listen =
    "listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })";
  const child = spawn(process.execPath, ["-e", `require("net").createServer().${listen}`]);
  const port = String((await once(child.stdout, "data"))[0]).trim();
  child.kill("SIGSTOP");
  const reasons: string[] = [];
  let opened = 0;
  const handler: ForwardHandler = {
    onOpen: () => void opened++,
    onBytes: () => undefined,
    onDrain: () => undefined,
    onClosed: (reason) => void reasons.push(reason),
  };
  const network = new TcpForward();
  const wires = Array.from({ length: 8 }, () => network.dial(`127.0.0.1:${port}`, handler));
  await until(() => opened + reasons.length === wires.length, "all are open or told to be closed");
  for (const wire of wires) wire.close();
  child.kill("SIGKILL");
  assert.deepEqual([...new Set(reasons)], ["it does not answer"]);
});
