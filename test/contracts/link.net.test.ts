import { setTimeout as sleep } from "node:timers/promises";
import { tcpLinks } from "../../src/platform/link/tcpLinks.ts";
import { nodeRandom } from "../../src/platform/nodeRandom.ts";
import type { LinkAddress } from "../../src/ports/link.ts";
import { makeCertificates } from "../support/certificates.ts";
import { FaultProxy } from "../support/faultProxy.ts";
import { type LinkWorld, linkContract } from "./linkContract.ts";

/** Looks of 2 ms each; a deadline by the clock would pass while the whole process stands still. */
const LOOKS_MAX = 10_000;

async function tcpWorld(tls?: Parameters<typeof tcpLinks>[0]["tls"]): Promise<LinkWorld> {
  const proxies = new Map<string, FaultProxy>();
  const all: FaultProxy[] = [];
  const cuts = new Set<string>();
  const cut = (): void => {
    for (const [route, proxy] of proxies) {
      const [from, to] = route.split(">");
      proxy.cutTo = cuts.has(`${from}>${to}`);
      proxy.cutFrom = cuts.has(`${to}>${from}`);
      proxy.pump();
    }
  };
  const network = tcpLinks({ random: nodeRandom, tls });
  return {
    network: () => network,
    listen: () => ({ host: "127.0.0.1", port: 0 }),
    route: (from: string, to: string, address: LinkAddress) => {
      const proxy = new FaultProxy(() => address);
      proxies.set(`${from}>${to}`, proxy);
      all.push(proxy);
      return proxy.listen();
    },
    until: async (isSo, what) => {
      for (let looks = 0; !isSo(); looks++) {
        if (looks > LOOKS_MAX) throw new Error(`it is not so in time: ${what}`);
        await sleep(2);
      }
    },
    pass: (millis) => sleep(millis),
    cut: (from, to) => {
      cuts.add(`${from}>${to}`);
      cut();
    },
    heal: (from, to) => {
      cuts.delete(`${from}>${to}`);
      cut();
    },
    dispose: async () => {
      for (const proxy of all) await proxy.close();
    },
  };
}

linkContract("TCP", () => tcpWorld());

linkContract("TLS", async () => tcpWorld((await makeCertificates()).of("worker")));
