/**
 * Keeps a sum of all orders up to date from the stream of their changes. It may end at any time, also by a crash, and goes on where
 * it was: the sum and the position in the stream are kept together, in one batch.
 */
import { type HoldfastClient, HoldfastError } from "../src/client/main.ts";

const STATE = "{totals}";

export async function sumOrders(client: HoldfastClient<string>, stop: AbortSignal): Promise<void> {
  const from = await client.get(`${STATE}:position`);
  const watch = client.watch({ prefix: "order:", previous: true, signal: stop, ...(from !== undefined && { from }) });
  try {
    if (from === undefined) {
      // The position of a first start is kept at once, so that a second one misses nothing.
      await watch.ready();
      await client.put(`${STATE}:position`, watch.position, { ifAbsent: true });
    }
    for await (const { key, value, position } of watch) {
      await keep(client, key, Number(value ?? 0), position);
    }
  } catch (error) {
    if (!(error instanceof HoldfastError && error.code === "aborted")) throw error;
  }
}

/** What an order counts for is kept beside the sum: to be told a change twice changes nothing. */
async function keep(client: HoldfastClient<string>, order: string, amount: number, position: string): Promise<void> {
  const counted = Number((await client.get(`${STATE}:${order}`)) ?? 0);
  await client.batch([
    { kind: "increment", key: `${STATE}:sum`, by: amount - counted },
    { kind: "put", key: `${STATE}:${order}`, value: String(amount) },
    { kind: "put", key: `${STATE}:position`, value: position },
  ]);
}
