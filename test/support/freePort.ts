import { createServer } from "node:net";

/**
 * Below Linux's range for outgoing connections (32768 and up): a port found free here is not taken a moment later by
 * somebody's client socket, which happens with ports that the kernel chooses.
 */
const PORT_LOWEST = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS_MAX = 50;

/** Finds a TCP port on 127.0.0.1 on which nobody listens. It is free at the time of the answer, not reserved. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = PORT_LOWEST + Math.floor(Math.random() * PORT_COUNT);
    if (await canListen(port)) {
      return port;
    }
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
