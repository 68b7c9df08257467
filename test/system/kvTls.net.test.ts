import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { credentials, status } from "@grpc/grpc-js";
import { connect } from "../../src/client/connect.ts";
import type { LinkCertificates } from "../../src/platform/link/linkOptions.ts";
import { makeCertificates, type TestCertificates } from "../support/certificates.ts";
import { freePort } from "../support/freePort.ts";
import { type HoldfastProcess, startHoldfast } from "../support/holdfastServer.ts";
import { failureOf, KvCallsClient, KvClient } from "../support/kvClient.ts";

const PASSWORD = "open sesame";
const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** Without a certificate of its own, if it has none. */
function secured({ ca }: LinkCertificates, own?: LinkCertificates) {
  const pair = own === undefined ? [] : [Buffer.from(own.key), Buffer.from(own.certificate)];
  return credentials.createSsl(Buffer.from(ca), ...pair);
}

describe("the API behind certificates and a password", { timeout: 60_000 }, () => {
  let directory: string;
  let node: HoldfastProcess;
  let address: string;
  let made: TestCertificates;
  const clients: KvClient[] = [];
  const client = (
    ...options: ConstructorParameters<typeof KvClient> extends [string, ...infer Rest] ? Rest : never
  ) => {
    const one = new KvClient(address, ...options);
    clients.push(one);
    return one;
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-tls-"));
    made = await makeCertificates();
    const own = made.of("worker");
    const flags: string[] = [];
    for (const [name, text] of [
      ["ca", own.ca],
      ["cert", own.certificate],
      ["key", own.key],
    ] as const) {
      await writeFile(join(directory, name), text);
      flags.push(`--tls-${name}`, join(directory, name));
    }
    const port = await freePort();
    // By name: the certificates name no address.
    address = `localhost:${port}`;
    node = await startHoldfast({
      args: ["--grpc-port", String(port), ...flags],
      env: { HOLDFAST_REQUIREPASS: PASSWORD },
    });
  });
  after(async () => {
    for (const each of clients) each.close();
    await node.stop();
    await node.removeData();
    await rm(directory, { recursive: true, force: true });
  });

  it("answers single calls, streams of calls and watches of who shows a certificate and says the password", async () => {
    const kv = client(PASSWORD, secured(made.of("worker"), made.of("worker")));
    assert.equal((await kv.call("put", { key: bytes("k"), value: bytes("1") })).applied, true);
    const calls = new KvCallsClient(kv);
    assert.equal((await calls.call("get", { key: bytes("k") })).get.value.toString(), "1");
    const watch = kv.stub["watch"]({ key: bytes("k") }, kv.metadata);
    await once(watch, "data");
    await calls.call("put", { key: bytes("k"), value: bytes("2") });
    const [{ changes }] = await once(watch, "data");
    assert.equal(changes[0].value.toString(), "2");
    watch.on("error", () => undefined).cancel();
    calls.stream.end();
    await calls.status;
  });

  it("turns away who does not say the password, whatever is asked", async () => {
    for (const password of [undefined, "sesame"]) {
      const kv = client(password, secured(made.of("worker"), made.of("worker")));
      const failures = [await kv.failure("get", { key: bytes("k") }), await new KvCallsClient(kv).status];
      const [error] = await once(kv.stub["watch"]({ key: bytes("k") }, kv.metadata), "error");
      for (const { code, detail } of [...failures, failureOf(error)]) {
        assert.deepEqual([code, detail.reason], [status.UNAUTHENTICATED, "REASON_PASSWORD"]);
      }
    }
  });

  it("does not speak with who shows no certificate, one of another authority, or no TLS at all", async () => {
    const [worker, other] = [made.of("worker"), made.of("other")];
    for (const wrong of [
      secured(worker),
      secured(worker, other),
      secured(other, worker),
      credentials.createInsecure(),
    ]) {
      const kv = client(PASSWORD, wrong);
      const { code } = await kv.failure("get", { key: bytes("k") }, { deadline: Date.now() + 5_000 });
      assert.ok(code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED, String(code));
    }
  });

  it("serves the client library with both, and says what is wrong without one of them", async () => {
    const [worker, other] = [made.of("worker"), made.of("other")];
    const one = await connect({ addresses: address, password: PASSWORD, tls: worker, cache: { bytesMax: 10_000 } });
    await one.put("library", "v");
    assert.equal(await one.get("library"), "v");
    assert.equal(await one.increment("sum", 3), 3);
    await one.close();
    const stranger = await connect({ addresses: address, tls: worker });
    await assert.rejects(stranger.get("library"), { code: "unauthenticated" });
    await assert.rejects(stranger.put("library", "w"), { code: "unauthenticated", mayBeExecuted: false });
    await stranger.close();
    for (const tls of [undefined, other, { ca: worker.ca }]) {
      const options = { addresses: address, password: PASSWORD, connectMillis: 1_000, ...(tls && { tls }) };
      await assert.rejects(connect(options), { name: "HoldfastError" });
    }
  });
});
