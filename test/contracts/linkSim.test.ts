import { Scheduler } from "../../sim/kernel/scheduler.ts";
import { SimNetwork } from "../../sim/net/simNetwork.ts";
import { createPrng } from "../../src/base/prng.ts";
import { type LinkWorld, linkContract } from "./linkContract.ts";

const UNTIL_MILLIS_MAX = 20_000;

async function simulatedWorld(seed: string): Promise<LinkWorld> {
  const prng = createPrng(seed);
  const scheduler = new Scheduler(prng.fork("ties"));
  const network = new SimNetwork(scheduler, prng.fork("network"));
  const pass = async (millis: number): Promise<void> => {
    let isOver = false;
    scheduler.after(millis * 1000, undefined, "time has passed", () => {
      isOver = true;
    });
    while (!isOver) scheduler.step();
  };
  return {
    network: () => network.of({ alive: true }),
    listen: (host) => ({ host, port: 0 }),
    route: async (_from, _to, address) => address,
    until: async (isSo, what) => {
      const end = scheduler.nowMicros + UNTIL_MILLIS_MAX * 1000;
      while (!isSo()) {
        if (scheduler.nowMicros > end || !scheduler.step()) throw new Error(`it is not so in time: ${what}`);
      }
    },
    pass,
    cut: (from, to) => network.cut(from, to),
    heal: (from, to) => network.heal(from, to),
    dispose: async () => undefined,
  };
}

for (const seed of ["one", "two", "three"]) linkContract(`simulated, seed ${seed}`, () => simulatedWorld(seed));
