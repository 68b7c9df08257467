import { Scheduler } from "../../sim/kernel/scheduler.ts";
import { SimNetwork } from "../../sim/net/simNetwork.ts";
import { SimWorkerCalls } from "../../sim/net/simWorkerCalls.ts";
import { createPrng } from "../../src/base/prng.ts";
import { workerCallsContract } from "./workerCallsContract.ts";

workerCallsContract("simulated", async () => {
  const prng = createPrng("calls");
  const scheduler = new Scheduler(prng.fork("ties"));
  const network = new SimNetwork(scheduler, prng.fork("network"));
  const calls = new SimWorkerCalls(network);
  const life = { alive: true };
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    promise.then(
      () => {
        isSettled = true;
      },
      () => {
        isSettled = true;
      },
    );
    while (!isSettled) {
      await new Promise((resolve) => setImmediate(resolve));
      scheduler.step();
    }
    return promise;
  };
  return {
    calls: (host) => calls.of(host, life),
    settle,
    breathe: () => Promise.resolve(),
    listen: { host: "b", port: 0 },
    route: async (address) => address,
    cut: () => network.cut("a", "b"),
    dispose: async () => undefined,
  };
});
