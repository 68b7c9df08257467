import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readConfig } from "../../src/main/config.ts";
import { type Server, serve } from "../../src/main/server.ts";
import { EmbeddedCoordinator } from "../../src/platform/embeddedCoordinator.ts";
import { openNodeDisk } from "../../src/platform/nodeDisk.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import { plain, RespClient } from "../support/respClient.ts";

const CONFIGURATION = "/groups/g1/config";
const END_MILLIS_MAX = 10_000;

/** What became of a start: the server, or why there is none. */
interface Started {
  readonly server: Server | undefined;
  /** Resolves with the reason when it is refused, at once or later. */
  readonly refusal: Promise<string>;
}

describe("nodes that were alone, at the beginning of a group", { timeout: 60_000 }, () => {
  let directory: string;
  let coordinator: EmbeddedCoordinator;
  const servers = new Set<Server>();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-lone-"));
    const opened = await EmbeddedCoordinator.open(await openNodeDisk(directory));
    assert.ok(opened.ok);
    coordinator = opened.value;
    for (const id of ["w1", "w2"]) {
      const { server } = await start(id, undefined, { port: 0 });
      const client = await RespClient.connect({ port: server!.port });
      await client.call("SET", "whose", id);
      await client.close();
      await stop(server!);
    }
  });

  after(async () => {
    for (const server of servers) await server.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function start(id: string, session: Coordinator | undefined, settings: object): Promise<Started> {
    const config = readConfig({ port: 0, "http-port": 0, data: join(directory, id), ...settings }, {}, undefined);
    assert.ok(config.ok, JSON.stringify(config));
    let refuse: (reason: string) => void = () => undefined;
    const refusal = new Promise<string>((resolve) => {
      refuse = resolve;
    });
    const served = await serve(config.value, {
      http: false,
      grpc: false,
      configFile: undefined,
      ...(session !== undefined && { coordinator: session }),
      onFatal: (error) => refuse((error as Error).message),
      onNotice: () => undefined,
      onShutdown: () => undefined,
    });
    if (served.ok) servers.add(served.value);
    else refuse(served.error.message);
    return { server: served.ok ? served.value : undefined, refusal };
  }

  async function stop(server: Server): Promise<void> {
    servers.delete(server);
    await server.stop();
  }

  /** Lets none of the nodes go on that ask whether there is a configuration before all have asked so often. */
  function together(count: number, times: number): () => Coordinator {
    const asked = Array.from({ length: times }, () => ({ count: 0, go: () => {}, all: Promise.resolve() }));
    for (const round of asked) round.all = new Promise((resolve) => (round.go = resolve));
    return () => {
      const session = coordinator.connect();
      let own = 0;
      return new Proxy(session, {
        get(target, name) {
          const value = Reflect.get(target, name, target);
          if (name !== "get") return typeof value === "function" ? value.bind(target) : value;
          return async (...args: Parameters<Coordinator["get"]>) => {
            const read = await target.get(...args);
            const round = args[0] === CONFIGURATION ? asked[own++] : undefined;
            if (round === undefined) return read;
            if (++round.count === count) round.go();
            await round.all;
            return read;
          };
        },
      });
    };
  }

  it("exactly one of two that start at the same instant founds it; the other is refused, now and later", async () => {
    // All that a node looks at before it founds: the tree, the start's check, and what its replica reads.
    const connect = together(2, 3);
    const worker = (id: string) => ({ id, group: "g1", proxy: "no" });
    const started = await Promise.all(["w1", "w2"].map((id) => start(id, connect(), worker(id))));
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), END_MILLIS_MAX).unref());
    const refused = await Promise.race([
      late,
      ...started.map(async ({ refusal }, i) => ({ loser: `w${i + 1}`, reason: await refusal })),
    ]);
    assert.ok(refused !== undefined, "both have been taken");
    assert.match(refused.reason, /the data of a node that was alone, and group g1 was founded with other data/);
    const winner = refused.loser === "w1" ? "w2" : "w1";
    const { server } = started[winner === "w1" ? 0 : 1]!;
    assert.ok(server?.node.replica.role === "primary");
    const client = await RespClient.connect({ port: server.port });
    assert.equal(String(plain(await client.call("GET", "whose"))), winner);
    await client.close();
    const rest = started[winner === "w1" ? 1 : 0]!.server;
    if (rest !== undefined) await stop(rest);

    const again = await start(refused.loser, coordinator.connect(), worker(refused.loser));
    assert.match(await again.refusal, /the data of a node that was alone, and group g1 has data already/);
    // Who has founded the group is one of its replicas from then on.
    await stop(server);
    const back = await start(winner, coordinator.connect(), worker(winner));
    assert.ok(back.server !== undefined);
  });
});
