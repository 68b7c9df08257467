import { startHoldfast } from "./holdfastServer.ts";
import { startRedis } from "./redisServer.ts";

/** Whichever server the black-box tests look at; a narrow view of `HoldfastProcess` and `RedisProcess`. */
export type RunningServer = {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  output(): string;
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  /** The same data on the same port in a new process; only the new value is of use afterwards. */
  restart(): Promise<RunningServer>;
  removeData(): Promise<void>;
};

/** Set `HOLDFAST_UNDER_TEST=redis` to play the tests against redis-server: it is the test of the tests. */
export const testsRedis = process.env["HOLDFAST_UNDER_TEST"] === "redis";

type ServerUnderTestOptions = {
  /** Holdfast acknowledges without waiting for the disk: for tests that are about replies and not about crashes. */
  readonly skipsSync?: boolean;
  /** Clients must give this password first. */
  readonly password?: string;
  /** True when the data must survive `restart`: then redis-server writes a log too. */
  readonly keepsData?: boolean;
};

/** Starts the server that a black-box test is about: Holdfast, or redis-server when the switch above says so. */
export function startServerUnderTest(options: ServerUnderTestOptions = {}): Promise<RunningServer> {
  const { skipsSync = false, keepsData = false, password } = options;
  if (testsRedis) {
    return startRedis({ args: [...redisPassword(password), ...(keepsData ? REDIS_LOG : [])] });
  }
  const env = {
    HOLDFAST_ENABLE_DEBUG_COMMAND: "yes",
    ...(skipsSync ? { HOLDFAST_DURABILITY: "memory" } : {}),
    ...(password === undefined ? {} : { HOLDFAST_REQUIREPASS: password }),
  };
  return startHoldfast({ env });
}

const REDIS_LOG = ["--appendonly", "yes", "--appendfsync", "always"];

function redisPassword(password: string | undefined): string[] {
  return password === undefined ? [] : ["--requirepass", password];
}

/** Starts redis-server, the side that knows, and the server under test, in this order. */
export async function startServersToCompare(
  options: ServerUnderTestOptions = {},
): Promise<readonly [RunningServer, RunningServer]> {
  const redis = await startRedis({ args: redisPassword(options.password) });
  try {
    return [redis, await startServerUnderTest(options)];
  } catch (error) {
    await redis.removeData();
    throw error;
  }
}
