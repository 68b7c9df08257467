import { createServer } from "node:net";

/**
 * Below Linux's range for outgoing connections (32768 and up), with the ports that are counted from one: the kernel gives those of the
 * range to clients' sockets, which have them for a minute after their end, too.
 */
const PORT_LOWEST = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS_MAX = 100;
const given = new Set<number>();

/**
 * Finds a TCP port on 127.0.0.1 on which nobody listens, nor on those at `offsets` from it. They were free a moment ago, and are given to
 * nobody else in this process.
 */
export async function freePort(offsets: readonly number[] = []): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = PORT_LOWEST + Math.floor(Math.random() * PORT_COUNT);
    const all = [...new Set([0, ...offsets])].map((offset) => port + offset);
    if (all.some((each) => given.has(each))) continue;
    for (const each of all) given.add(each);
    const areFree = await Promise.all(all.map(canListen));
    if (areFree.every(Boolean)) return port;
  }
  throw new Error(`no free port found in ${ATTEMPTS_MAX} attempts`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
