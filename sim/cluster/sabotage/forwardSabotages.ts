import { Forwarding } from "../../../src/worker/forwarding/forwarding.ts";
import { exchange } from "../../sabotage/patching.ts";
import type { ClusterOptions } from "../options.ts";
import type { ClusterSabotage } from "./clusterSabotage.ts";
import { withFaults } from "./withFaults.ts";

/** Bugs that one could have made in executing requests at other nodes. */
export const FORWARD_SABOTAGES: Readonly<Record<string, ClusterSabotage>> = {
  "a forwarded write that may have happened is sent again": {
    patch: () =>
      exchange(Forwarding.prototype, "lost", (original) => {
        return function (this: Forwarding, place, forwarded, _wasSent, reason) {
          original.call(this, place, forwarded, false, reason);
        };
      }),
    options: (drawn) => withFaults(withForwarding(drawn), ["broken links", "kill", "crash"]),
  },
};

/** Connections break, and there is much to forward. */
function withForwarding(drawn: ClusterOptions): ClusterOptions {
  return { ...drawn, proxies: true, machines: 3, breakOneIn: 100, pauseMicrosMax: 8_000, readPerCent: 20 };
}
