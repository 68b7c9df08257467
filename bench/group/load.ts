import { percentile } from "../statistics.ts";

/** One connection to a store, which answers one request before it gets the next. */
export interface LoadClient {
  /** Asks for a key; `onAnswer` is called when it is answered as it should be, `onFailure` when not. */
  ask: (key: string) => void;
  onAnswer: () => void;
  onFailure: (error: Error) => void;
  close: () => void;
}

export interface LoadOutcome {
  requests: number;
  requestsPerSecond: number;
  p50Millis: number;
  p99Millis: number;
}

/** How many keys a load visits. */
export const keyCount = 100_000;
export const valueBytes = 100;

const keyStride = 7_919;

export function keyName(index: number): string {
  return `key:${String(index).padStart(12, "0")}`;
}

/** Keeps one request under way on every connection for so long. Rejects when one of them is answered wrongly. */
export async function drive(clients: readonly LoadClient[], millis: number): Promise<LoadOutcome> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + millis;
  let next = Math.floor(Math.random() * keyCount);
  await Promise.all(
    clients.map(
      (client) =>
        new Promise<void>((resolve, reject) => {
          let askedAt = performance.now();
          const ask = (): void => {
            next = (next + keyStride) % keyCount;
            client.ask(keyName(next));
          };
          client.onFailure = reject;
          client.onAnswer = () => {
            const now = performance.now();
            latencies.push(now - askedAt);
            askedAt = now;
            if (now < end) ask();
            else resolve();
          };
          ask();
        }),
    ),
  );
  const seconds = (performance.now() - start) / 1_000;
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    requestsPerSecond: latencies.length / seconds,
    p50Millis: percentile(latencies, 0.5),
    p99Millis: percentile(latencies, 0.99),
  };
}
