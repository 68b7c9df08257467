import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { plain, RespClient } from "../../support/respClient.ts";
import type { RunningServer } from "../../support/serverUnderTest.ts";

const DEADLINE_MILLIS = 20_000;
const LOOK_AGAIN_MILLIS = 10;

/** A number that `INFO` tells. */
export async function info(client: RespClient, name: string): Promise<number> {
  const text = String(plain(await client.call("INFO", "everything")));
  const value = new RegExp(`^${name}:(\\d+)`, "m").exec(text)?.[1];
  assert.ok(value !== undefined, `INFO does not tell ${name}`);
  return Number(value);
}

/** Waits until `INFO` tells that number. */
export async function untilInfo(client: RespClient, name: string, expected: number): Promise<void> {
  const deadline = Date.now() + DEADLINE_MILLIS;
  let value = await info(client, name);
  while (value !== expected) {
    assert.ok(Date.now() < deadline, `${name} stays ${value} and does not become ${expected}`);
    await pause(LOOK_AGAIN_MILLIS);
    value = await info(client, name);
  }
}

/** Runs with a connection of its own, which is closed afterwards. */
export async function withClient<T>(server: RunningServer, run: (client: RespClient) => Promise<T>): Promise<T> {
  const client = await RespClient.connect(server);
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}

/** Changes a setting while `run` runs. */
export async function withSetting(
  client: RespClient,
  name: string,
  value: string,
  run: () => Promise<void>,
): Promise<void> {
  const before = plain(await client.call("CONFIG", "GET", name)) as string[];
  assert.deepEqual(plain(await client.call("CONFIG", "SET", name, value)), "OK");
  try {
    await run();
  } finally {
    await client.call("CONFIG", "SET", name, before[1]!);
  }
}
