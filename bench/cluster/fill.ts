import { type Keys, keyName, setCommand } from "./keys.ts";
import { NodeConnection } from "./nodeConnection.ts";
import type { ClusterSystem } from "./systems.ts";

const connectionsPerNode = 4;
const pipeline = 200;

/** Writes every key once, at its owner. */
export async function fill(system: ClusterSystem, keys: Keys): Promise<void> {
  const owners = await system.owners();
  await Promise.all(
    system.nodes.map(async ({ port }) => {
      const mine: number[] = [];
      for (let index = 0; index < keys.count; index++) if (owners[keys.slots[index]!] === port) mine.push(index);
      await Promise.all(Array.from({ length: connectionsPerNode }, () => fillFrom(port, mine)));
    }),
  );
}

async function fillFrom(port: number, indexes: number[]): Promise<void> {
  const connection = await NodeConnection.open(port);
  try {
    while (indexes.length > 0) await writeAll(connection, indexes.splice(-pipeline));
  } finally {
    connection.close();
  }
}

function writeAll(connection: NodeConnection, indexes: readonly number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = indexes.length;
    connection.onFailure = reject;
    connection.sendAll(
      indexes.map((index) => setCommand(keyName(index))),
      (line) => {
        if (line !== "+OK") reject(new Error(`SET was answered by ${line}`));
        else if (--left === 0) resolve();
      },
    );
  });
}
