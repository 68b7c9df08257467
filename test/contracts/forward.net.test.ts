import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { mock, test } from "node:test";
import { TcpForward } from "../../src/platform/forward/tcpForward.ts";
import type { ForwardHandler } from "../../src/ports/forwarder.ts";
import { type ForwardPeer, type ForwardWorld, forwardContract, Gathered } from "./forwardContract.ts";

/** Ticks of 100 ms without the end of what is waited for; a deadline by the clock would pass while the whole process stands still. */
const TICKS_MAX = 300;
/** Round trips of a byte over another connection: whatever was under way when they began has arrived when they are over. */
const ROUND_TRIPS = 5;

/** Tells those who wait that something has happened. */
class Happenings {
  #watching: (() => void)[] = [];

  readonly tell = (): void => {
    for (const look of [...this.#watching]) look();
  };

  /** Looks whenever something has happened; fails if it takes too long. */
  readonly until = (isSo: () => boolean, what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      let ticks = 0;
      const ticking = setInterval(() => {
        if (++ticks > TICKS_MAX) finish(() => reject(new Error(`it is not so in time: ${what}`)));
      }, 100);
      const look = (): void => {
        if (isSo()) finish(resolve);
      };
      const finish = (settle: () => void): void => {
        clearInterval(ticking);
        this.#watching = this.#watching.filter((each) => each !== look);
        settle();
      };
      this.#watching.push(look);
      look();
    });

  /** A handler that does as `handler`, and tells. */
  over(handler: ForwardHandler): ForwardHandler {
    const telling =
      <Given extends unknown[]>(run: (...given: Given) => void) =>
      (...given: Given): void => {
        run(...given);
        this.tell();
      };
    return {
      onOpen: telling(() => handler.onOpen()),
      onBytes: telling((bytes: Uint8Array, length: number) => handler.onBytes(bytes, length)),
      onDrain: telling(() => handler.onDrain()),
      onClosed: telling((reason: string) => handler.onClosed(reason)),
    };
  }
}

class TcpPeer implements ForwardPeer {
  readonly received = new Gathered();
  isClosed = false;
  readonly socket: Socket;

  constructor(socket: Socket, tell: () => void) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.received.add(bytes);
      tell();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isClosed = true;
      tell();
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

/** A connection on which every byte comes back. */
async function echoing(): Promise<{ readonly socket: Socket; readonly server: Server }> {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket).on("error", () => undefined));
  const [host, port] = (await listening(server)).split(":");
  const socket = connect({ host: host!, port: Number(port), noDelay: true });
  await once(socket, "connect");
  return { socket, server };
}

async function tcpWorld(): Promise<ForwardWorld> {
  const happenings = new Happenings();
  const servers: Server[] = [];
  const peers: TcpPeer[] = [];
  const echo = await echoing();
  const forward = new TcpForward();
  // Deadlines pass when it is said: what the wires wait for is not waited for here.
  mock.timers.enable({ apis: ["setTimeout"] });
  return {
    network: { dial: (address, handler) => forward.dial(address, happenings.over(handler)) },
    listen: async () => {
      const server = createServer((socket) => {
        peers.push(new TcpPeer(socket, happenings.tell));
        happenings.tell();
      });
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
    until: happenings.until,
    pass: async (millis) => {
      mock.timers.tick(millis);
      for (let trip = 0; trip < ROUND_TRIPS; trip++) {
        echo.socket.write("x");
        await once(echo.socket, "data");
      }
    },
    dispose: async () => {
      mock.timers.reset();
      echo.socket.destroy();
      for (const { socket } of peers) socket.destroy();
      for (const server of [...servers, echo.server]) await closed(server);
    },
  };
}

forwardContract("TCP", tcpWorld);

test("who was open in time has no deadline any more", async () => {
  const world = await tcpWorld();
  try {
    const { address, peers } = await world.listen();
    const told: string[] = [];
    const wire = world.network.dial(address, {
      onOpen: () => void told.push("open"),
      onBytes: () => undefined,
      onDrain: () => undefined,
      onClosed: (reason) => void told.push(reason),
    });
    await world.until(() => told.length > 0 && peers.length === 1, "it is open");
    await world.pass(5_000);
    wire.send(Buffer.from("late"));
    await world.until(() => peers[0]!.received.length === 4 || told.length > 1, "it arrives");
    assert.deepEqual([told, peers[0]!.received.length], [["open"], 4]);
    wire.close();
  } finally {
    await world.dispose();
  }
});

test("an address that does not answer is told, once", async () => {
  // The system answers for a process that stands still as long as its queue has room.
  const listen =
    "listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })";
  const child = spawn(process.execPath, ["-e", `require("net").createServer().${listen}`]);
  const port = String((await once(child.stdout, "data"))[0]).trim();
  child.kill("SIGSTOP");
  const reasons: string[] = [];
  let opened = 0;
  const happenings = new Happenings();
  const handler = happenings.over({
    onOpen: () => void opened++,
    onBytes: () => undefined,
    onDrain: () => undefined,
    onClosed: (reason) => void reasons.push(reason),
  });
  const network = new TcpForward();
  const wires = Array.from({ length: 8 }, () => network.dial(`127.0.0.1:${port}`, handler));
  await happenings.until(() => opened + reasons.length === wires.length, "all are open or told to be closed");
  for (const wire of wires) wire.close();
  child.kill("SIGKILL");
  assert.deepEqual([...new Set(reasons)], ["it does not answer"]);
});
