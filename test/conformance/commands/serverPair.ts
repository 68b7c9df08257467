import { RespClient } from "../../support/respClient.ts";
import { type RunningServer, startServersToCompare } from "../../support/serverUnderTest.ts";

/** redis-server and the server under test with a connection to each. */
export type ServerPair = {
  readonly servers: readonly [RunningServer, RunningServer];
  readonly expected: RespClient;
  readonly actual: RespClient;
  /** Asks both the same. */
  both<T>(question: (client: RespClient) => Promise<T>): Promise<[T, T]>;
  end(): Promise<void>;
};

/** Starts both servers and connects to them. */
export async function startServerPair(): Promise<ServerPair> {
  const servers = await startServersToCompare();
  const expected = await RespClient.connect(servers[0]);
  const actual = await RespClient.connect(servers[1]);
  return {
    servers,
    expected,
    actual,
    both: (question) => Promise.all([question(expected), question(actual)]),
    end: async () => {
      await Promise.all([expected.close(), actual.close()]);
      await Promise.all(servers.map((server) => server.removeData()));
    },
  };
}
