import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasZookeeper, INSTALL_HINT, ZookeeperServers } from "../../src/cli/zookeeperServers.ts";
import { freePort } from "./freePort.ts";

export interface ZookeeperEnsemble {
  readonly servers: ZookeeperServers;
  readonly connectString: string;
  /** Stops all and removes their data. */
  dispose(): Promise<void>;
}

const ATTEMPTS_MAX = 3;

/** Why there is no ensemble on this machine; false if there can be one. For the `skip` option of tests. */
export const noZookeeper: string | false = hasZookeeper() ? false : INSTALL_HINT;

/** Starts a real ensemble on free ports, with data in a temporary directory; rejects where there is no ZooKeeper. */
export async function startEnsemble(count = 3): Promise<ZookeeperEnsemble> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "zookeeper-test-"));
  const dispose = () => rm(dataDirectory, { recursive: true, force: true, maxRetries: 3 });
  let problem = "";
  // A port found free may be taken a moment later.
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const ports = [];
    for (let index = 0; index < count; index++) {
      ports.push({ client: await freePort(), quorum: await freePort(), election: await freePort() });
    }
    const started = await ZookeeperServers.start({ ports, dataDirectory: join(dataDirectory, String(attempt)) });
    if (started.ok) {
      const servers = started.value;
      return {
        servers,
        connectString: servers.connectString,
        dispose: () => servers.stop().then(dispose),
      };
    }
    problem = started.error;
  }
  await dispose();
  throw new Error(problem);
}
