import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { type RunningNode, start } from "../../src/main/server.ts";
import { RespClient } from "../support/respClient.ts";

interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

describe("the HTTP server", () => {
  let node: RunningNode;
  before(async () => {
    node = await start({ httpPort: 0 });
  });
  after(() => node?.stop());

  function ask(path: string, method = "GET"): Promise<Response> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port: node.httpPort, path, method, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      });
      asked.on("error", reject);
      asked.end();
    });
  }

  it("says that it lives and that it is ready", async () => {
    for (const [path, body] of [
      ["/healthz", "ok\n"],
      ["/readyz", "ready\n"],
      ["/readyz?verbose=1", "ready\n"],
    ] as const) {
      const response = await ask(path);
      assert.deepEqual([response.status, response.body], [200, body]);
      assert.equal(response.headers["cache-control"], "no-store");
    }
  });

  it("HEAD is answered without a body", async () => {
    const response = await ask("/healthz", "HEAD");
    assert.deepEqual([response.status, response.body, response.headers["content-length"]], [200, "", "3"]);
  });

  it("answers nothing else", async () => {
    for (const path of ["/", "/healthz/", "/metrics/x", "/../healthz", "/HEALTHZ"]) {
      assert.equal((await ask(path)).status, 404, path);
    }
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const response = await ask("/metrics", method);
      assert.deepEqual([response.status, response.headers["allow"]], [405, "GET, HEAD"], method);
    }
  });

  it("metrics are Prometheus text, and follow what happens", async () => {
    const client = await RespClient.connect(node);
    for (let i = 0; i < 5; i++) await client.call("SET", `k${i}`, "v");
    await client.call("GET", "k0");
    await client.call("GET", "none");
    await client.call("INCR", "k0");
    const before = values((await ask("/metrics")).body);
    assert.equal(before.get('holdfast_command_calls_total{command="set"}'), 5);
    assert.equal(before.get('holdfast_command_failures_total{command="incr"}'), 1);
    assert.equal(before.get("holdfast_keys"), 5);
    assert.equal(before.get("holdfast_keyspace_hits_total"), 1);
    assert.equal(before.get("holdfast_keyspace_misses_total"), 1);
    assert.equal(before.get("holdfast_connections"), 1);
    assert.equal(before.get("holdfast_error_replies_total"), 1);
    assert.ok(before.get("holdfast_received_bytes_total")! > 100);
    assert.ok(before.get("holdfast_commit_seconds_count")! >= 5);
    assert.equal(before.get('holdfast_commit_seconds_bucket{le="+Inf"}'), before.get("holdfast_commit_seconds_count"));
    assert.ok(before.get("process_resident_memory_bytes")! > 1e6);
    await client.call("SET", "k0", "w");
    const later = values((await ask("/metrics")).body);
    assert.equal(later.get('holdfast_command_calls_total{command="set"}'), 6);
    await client.close();
  });

  it("each metric has a help line and a type, and buckets only grow", async () => {
    const { body, headers } = await ask("/metrics");
    assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
    const lines = body.split("\n").filter((line) => line !== "");
    for (const line of lines) assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{.*\})? [-+0-9.eE]+)$/);
    const buckets = lines
      .filter((line) => line.startsWith("holdfast_commit_seconds_bucket"))
      .map((line) => Number(line.split(" ")[1]));
    assert.deepEqual(
      buckets,
      [...buckets].sort((left, right) => left - right),
    );
  });

  it("a request with too large a head is refused, a silent client is let go", async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(node.httpPort, "127.0.0.1", () =>
        socket.write(`GET / HTTP/1.1\r\nx: ${"a".repeat(20_000)}\r\n\r\n`),
      );
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(text));
    });
    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.equal((await ask("/healthz")).status, 200);
  });
});

function values(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const space = line.lastIndexOf(" ");
    found.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return found;
}
