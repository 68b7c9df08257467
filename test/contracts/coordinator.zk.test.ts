import assert from "node:assert/strict";
import { makePath } from "../../src/coordination/makePath.ts";
import { nodeClock, nodeTimers } from "../../src/platform/nodeClock.ts";
import { nodeRandom } from "../../src/platform/nodeRandom.ts";
import { ZookeeperCoordinator } from "../../src/platform/zookeeper/zookeeperCoordinator.ts";
import { FaultProxy } from "../support/faultProxy.ts";
import { noZookeeper, startEnsemble } from "../support/zookeeperEnsemble.ts";
import { coordinatorContract } from "./coordinatorContract.ts";
import { coordinatorFaultContract } from "./coordinatorFaultContract.ts";
import { type CoordinatorUnderTest, type TestClient, value } from "./coordinatorRig.ts";

const SESSION_MILLIS = 1500;

coordinatorContract("one ZooKeeper server", () => zookeeper(1, SESSION_MILLIS), noZookeeper);
coordinatorContract("three ZooKeeper servers", () => zookeeper(3, 6000), noZookeeper);
coordinatorFaultContract("three ZooKeeper servers", () => zookeeper(3, SESSION_MILLIS), noZookeeper);

/** An ensemble, with clients in a chroot of it, which authenticate, each behind a proxy of its own. */
async function zookeeper(servers: number, sessionMillis: number): Promise<CoordinatorUnderTest> {
  const ensemble = await startEnsemble(servers);
  const ports = ensemble.connectString.split(",").map((address) => Number(address.split(":")[1]));
  const proxies: FaultProxy[] = [];
  const clients: ZookeeperCoordinator[] = [];
  const connect = (connectString: string): ZookeeperCoordinator => {
    const parts = { clock: nodeClock, timers: nodeTimers, random: nodeRandom };
    const made = ZookeeperCoordinator.connect({ connectString, sessionMillis, auth: "holdfast:secret", ...parts });
    assert.ok(made.ok);
    clients.push(made.value);
    return made.value;
  };
  let connections = 0;
  const proxied = async (): Promise<{ proxy: FaultProxy; port: number }> => {
    const proxy = new FaultProxy(() => ({ host: "127.0.0.1", port: ports[connections++ % ports.length]! }));
    proxies.push(proxy);
    return { proxy, port: (await proxy.listen()).port };
  };
  const ready = await Promise.all(Array.from({ length: 12 }, proxied));
  await value(makePath(connect(ensemble.connectString), "/some/where"));
  return {
    connect: (): TestClient => {
      const { proxy, port } = ready.pop()!;
      const set = (isCut: boolean): void => {
        proxy.cutTo = isCut;
        proxy.cutFrom = isCut;
        proxy.pump();
      };
      return {
        coordinator: connect(`127.0.0.1:${port}/some/where`),
        cut: () => set(true),
        heal: () => set(false),
      };
    },
    dispose: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await ensemble.dispose();
    },
  };
}
