import assert from "node:assert/strict";
import { test } from "node:test";
import { ok } from "../../src/base/result.ts";
import { grpcWorkerCalls } from "../../src/platform/rpc/grpcWorkerCalls.ts";
import { loadGrpc } from "../../src/platform/rpc/workerMessages.ts";
import { makeCertificates } from "../support/certificates.ts";
import { FaultProxy } from "../support/faultProxy.ts";
import { type CallWorld, workerCallsContract } from "./workerCallsContract.ts";

async function grpcWorld(tls?: Parameters<typeof grpcWorkerCalls>[0]): Promise<CallWorld> {
  const calls = await grpcWorkerCalls(tls);
  const proxies: FaultProxy[] = [];
  return {
    calls: () => calls,
    settle: (promise) => promise,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    listen: { host: "127.0.0.1", port: 0 },
    route: (address) => {
      const proxy = new FaultProxy(() => address);
      proxies.push(proxy);
      return proxy.listen();
    },
    cut: () => {
      for (const proxy of proxies) {
        proxy.cutTo = true;
        proxy.cutFrom = true;
      }
    },
    dispose: async () => {
      for (const proxy of proxies) await proxy.close();
    },
  };
}

workerCallsContract("gRPC", () => grpcWorld());

workerCallsContract("gRPC over TLS", async () => grpcWorld((await makeCertificates()).of("worker")));

test("the health service answers as load balancers expect", async () => {
  const calls = await grpcWorkerCalls(undefined);
  let isServing = true;
  const service = {
    takeOver: async () => ok(1),
    status: async () => "{}",
    snapshot: async () => ok((async function* () {})()),
    copySlots: async () => ok((async function* () {})()),
    handOver: async () => ok(1),
    moveStep: async () => ok(1),
    heat: async () => "{}",
    isServing: () => isServing,
  };
  const self = { cluster: "c1", group: "g1", replica: "b" };
  const served = await calls.serve({ listen: { host: "127.0.0.1", port: 0 }, self, service });
  assert.ok(served.ok);
  const { grpc, healthService } = await loadGrpc();
  const Health = grpc.makeClientConstructor(healthService, "Health");
  const client = new Health(`127.0.0.1:${served.value.address.port}`, grpc.credentials.createInsecure());
  const check = (name: string): Promise<unknown> =>
    new Promise((resolve) => {
      client["check"]!({ service: name }, (error: { code: number } | null, reply: { status: string }) =>
        resolve(error === null ? reply.status : error.code),
      );
    });
  try {
    assert.equal(await check(""), "SERVING");
    isServing = false;
    assert.equal(await check("holdfast.internal.v1.Worker"), "NOT_SERVING");
    assert.equal(await check("other"), grpc.status.NOT_FOUND);
  } finally {
    client.close();
    await served.value.close(0);
  }
});
