import { nodeClock, nodeTimers } from "../platform/nodeClock.ts";
import { nodeRandom } from "../platform/nodeRandom.ts";
import type { Coordinator } from "../ports/coordinator.ts";
import type { Config } from "./config.ts";

/** A session of its own at the servers of the configuration, which names some; a sentence if they make no sense. */
export async function connectZookeeper(
  config: Pick<Config, "zookeeper" | "zookeeper-auth">,
): Promise<Coordinator | string> {
  const { ZookeeperCoordinator } = await import("../platform/zookeeper/zookeeperCoordinator.ts");
  const auth = config["zookeeper-auth"];
  const connected = ZookeeperCoordinator.connect({
    connectString: config.zookeeper!,
    ...(auth === undefined ? {} : { auth }),
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
  });
  return connected.ok ? connected.value : connected.error;
}
