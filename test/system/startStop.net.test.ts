import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/freePort.ts";
import { spawnHoldfast, startHoldfast } from "../support/holdfastServer.ts";
import { plain, RespClient } from "../support/respClient.ts";
import { type ServerProcess, spawnServer } from "../support/serverProcess.ts";

const HOLDFAST = fileURLToPath(new URL("../../bin/holdfast", import.meta.url));
const READY = /^holdfast ready /;
const READY_MILLIS = 20_000;

describe("holdfast, the program", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-test-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** Runs to the end; answers exit code and output. */
  async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawnHoldfast(args, env);
    const { code } = await child.exited;
    return { code, output: child.output() };
  }

  function startIn(
    workingDirectory: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): ServerProcess {
    return spawnServer({ command: process.execPath, args: [HOLDFAST, "start", ...args], env, workingDirectory });
  }

  it("prints help for itself and for each command, and its version", async () => {
    const help = await run(["--help"]);
    assert.deepEqual([help.code, /start \[options\]/.test(help.output)], [0, true]);
    for (const args of [
      ["start", "--help"],
      ["help", "start"],
    ]) {
      const { code, output } = await run(args);
      assert.equal(code, 0);
      for (const flag of [
        "--port",
        "--bind",
        "--data",
        "--durability",
        "--http-port",
        "--memory",
        "--maxclients",
        "--config",
      ]) {
        assert.ok(output.includes(flag), flag);
      }
      assert.match(output, /HOLDFAST_REQUIREPASS/);
      assert.doesNotMatch(output, /--requirepass/);
    }
    assert.match((await run(["--version"])).output, /^\d+\.\d+\.\d+\n$/);
  });

  it("what it does not understand ends with exit code 1 and a sentence", async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /Usage: holdfast/],
      [["strat"], /unknown command 'strat'/],
      [["start", "--prot", "1"], /unknown option '--prot'/],
      [["start", "now"], /too many arguments/],
      [["start", "--port", "abc"], /--port is "abc": it must be a port number from 0 to 65535\./],
      [["start", "--port", "1", "--durability", "x"], /--durability is "x": it must be sync or memory\./],
      [["start", "--config", join(directory, "nosuch.yaml")], /nosuch\.yaml cannot be read/],
      [["start", "--data", HOLDFAST], /the data directory .*bin\/holdfast cannot be made: /],
      [
        ["start", "--bind", "203.0.113.1", "--port", "0", "--data", join(directory, "b")],
        /203\.0\.113\.1 is no address of this machine; choose another with --bind/,
      ],
    ];
    for (const [args, expected] of cases) {
      const { code, output } = await run(args);
      assert.equal(code, 1, output);
      assert.match(output, expected);
      assert.doesNotMatch(output, /\bat .*\.js:\d+/, "a person gets no stack trace");
    }
  });

  it("a taken port is named, and how to choose another", async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { port: number }).port));
    });
    try {
      const data = ["--data", join(directory, "taken")];
      const redis = await run(["start", "--port", String(port), "--http-port", "0", ...data]);
      assert.equal(redis.code, 1);
      assert.match(redis.output, new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken; choose another with --port`));
      const http = await run(["start", "--port", "0", "--http-port", String(port), ...data]);
      assert.equal(http.code, 1);
      assert.match(
        http.output,
        new RegExp(`port ${port} on 127\\.0\\.0\\.1 is taken; choose another with --http-port`),
      );
    } finally {
      taken.close();
    }
  });

  it("a second process on the same data directory is refused; the first goes on", async () => {
    const first = await startHoldfast();
    const { code, output } = await run(["start", "--port", "0", "--http-port", "0", "--data", first.dataDirectory]);
    assert.equal(code, 1);
    assert.match(
      output,
      /data directory .* is in use by another process; stop that one, or name another directory with --data/,
    );
    const client = await RespClient.connect(first);
    assert.equal(plain(await client.call("PING")), "PONG");
    await client.close();
    await first.removeData();
  });

  it("tells where it listens and where the data is; a relative --data is meant from the working directory", async () => {
    const [port, httpPort] = [await freePort(), await freePort()];
    const server = startIn(directory, ["--port", String(port), "--http-port", String(httpPort), "--data", "relative"]);
    const line = await server.waitForLine(READY, READY_MILLIS);
    const expected = `holdfast ready redis=127.0.0.1:${port} http=127.0.0.1:${httpPort} data=${join(directory, "relative")} pid=${server.pid}`;
    assert.equal(line, expected);
    assert.equal(server.output(), `${expected}\n`, "nothing else is printed where nobody watches");
    assert.equal(getPriority(server.pid), getPriority());
    assert.equal((await fetch(`http://127.0.0.1:${httpPort}/readyz`)).status, 200);
    assert.equal(await server.stop("SIGINT"), 0);
  });

  it("tells the address of the gRPC interface where there is one", async () => {
    const grpcPort = await freePort();
    const server = startIn(directory, [
      "--port",
      "0",
      "--http-port",
      "0",
      "--grpc-port",
      String(grpcPort),
      "--data",
      "grpc",
    ]);
    assert.match(
      await server.waitForLine(READY, READY_MILLIS),
      new RegExp(` http=none grpc=127.0.0.1:${grpcPort} data=`),
    );
    assert.equal(await server.stop(), 0);
  });

  it("takes settings from the environment and from a file", async () => {
    const [port, other] = [await freePort(), await freePort()];
    const config = join(directory, "settings.yaml");
    await writeFile(config, `port: ${port}\nhttp-port: 0\nmaxclients: 7\nrequirepass: "one two"\ndurability: memory\n`);
    const server = startIn(directory, ["--config", config, "--data", "configured"], {
      HOLDFAST_PORT: String(other),
      HOLDFAST_HTTP_PORT: "0",
    });
    await server.waitForLine(READY, READY_MILLIS);
    const client = await RespClient.connect({ port: other });
    assert.deepEqual(plain(await client.call("PING")), { error: "NOAUTH Authentication required." });
    assert.equal(plain(await client.call("AUTH", "one two")), "OK");
    assert.deepEqual(plain(await client.call("CONFIG", "GET", "maxclients")), ["maxclients", "7"]);
    assert.match(String(plain(await client.call("INFO", "server"))), new RegExp(`config_file:${config}\r\n`));
    await client.close();
    assert.equal(await server.stop(), 0);
  });

  it("SIGTERM answers what was begun; every acknowledged write is there after the restart", async () => {
    let server = await startHoldfast();
    const client = await RespClient.connect(server);
    const replies: Promise<boolean>[] = [];
    for (let i = 0; i < 2_000; i++) {
      replies.push(
        client.call("SET", `k${i}`, String(i)).then(
          (reply) => plain(reply) === "OK",
          () => false,
        ),
      );
    }
    await replies[0];
    assert.equal(await server.stop(), 0);
    const acknowledged = (await Promise.all(replies))
      .map((isAcknowledged, i) => (isAcknowledged ? i : -1))
      .filter((i) => i >= 0);
    assert.ok(acknowledged.length > 0);
    server = await server.restart();
    const reader = await RespClient.connect(server);
    for (const i of acknowledged) assert.equal(plain(await reader.call("GET", `k${i}`)), String(i));
    await reader.close();
    await server.removeData();
  });

  it("SIGTERM does not wait for clients that are idle, blocked or deaf", async () => {
    const server = await startHoldfast();
    const [idle, blocked, deaf] = await Promise.all([1, 2, 3].map(() => RespClient.connect(server)));
    await idle!.call("PING");
    blocked!.call("BLPOP", "none", "0").catch(() => undefined);
    await deaf!.call("SET", "big", "x".repeat(1 << 20));
    deaf!.pauseReading();
    for (let i = 0; i < 50; i++) deaf!.write("GET big\r\n");
    const started = Date.now();
    assert.equal(await server.stop(), 0);
    assert.ok(Date.now() - started < 5_000);
    await server.removeData();
  });

  it("SHUTDOWN of a client ends it with exit code 0", async () => {
    const server = await startHoldfast();
    const client = await RespClient.connect(server);
    await client.call("SET", "k", "v");
    client.write("SHUTDOWN NOSAVE\r\n");
    await client.closed();
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    const again = await server.restart();
    const reader = await RespClient.connect(again);
    assert.equal(plain(await reader.call("GET", "k")), "v");
    await reader.close();
    await again.removeData();
  });

  it("nobody hears its output, and it serves on", async () => {
    const server = await startHoldfast();
    server.child.stdout?.destroy();
    server.child.stderr?.destroy();
    const socket = connect(server.port, "127.0.0.1");
    socket.write("PING\r\n");
    const [reply] = await new Promise<[Buffer]>((resolve) => socket.once("data", (chunk) => resolve([chunk])));
    assert.equal(reply.toString(), "+PONG\r\n");
    socket.destroy();
    await server.removeData();
  });
});
