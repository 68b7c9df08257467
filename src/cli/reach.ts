import { type Command, InvalidArgumentError } from "commander";
import type { MasterClient } from "../main/master/masterClient.ts";

/** Nothing was done: it was refused, or nobody could be asked. */
const EXIT_REFUSED = 1;
const SECONDS_MAX = 3600;

/** Where a command finds the cluster, and how it answers. */
export interface Reach {
  readonly zookeeper?: string;
  readonly zookeeperAuth?: string;
  readonly master?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly masterTimeout?: number;
  readonly json?: true;
}

/** Options of every command that asks a master. */
export function addReach(command: Command): Command {
  return command
    .option("--zookeeper <servers>", "ZooKeeper servers and path of the cluster, such as h1:2181,h2:2181/holdfast")
    .option("--zookeeper-auth <user:password>", "authenticates there")
    .option("--master <addresses>", "in place of ZooKeeper: host:port of the masters' calls, separated by commas")
    .option("--tls-ca <file>", "authority (PEM) of the masters' certificates; then all three")
    .option("--tls-cert <file>", "a certificate (PEM) to show them")
    .option("--tls-key <file>", "and its key (PEM)")
    .option("--master-timeout <seconds>", "how long to wait for an active master (default: 15)", seconds)
    .option("--json", "print one JSON object instead of lines");
}

/** Runs what needs a master; what it answers is the exit code. */
export async function withMaster(reach: Reach, run: (client: MasterClient) => Promise<number>): Promise<void> {
  const { zookeeper, zookeeperAuth, master, tlsCa, tlsCert, tlsKey, masterTimeout } = reach;
  if (zookeeper !== undefined && master !== undefined) {
    process.exitCode = fail("--zookeeper and --master both say where the cluster is; leave one out");
    return;
  }
  // A node that serves needs nothing of this.
  const { MasterClient } = await import("../main/master/masterClient.ts");
  const opened = await MasterClient.open({
    zookeeper: zookeeper ?? (master === undefined ? process.env["HOLDFAST_ZOOKEEPER"] : undefined),
    auth: zookeeperAuth ?? process.env["HOLDFAST_ZOOKEEPER_AUTH"],
    master,
    certificates: { "tls-ca": tlsCa, "tls-cert": tlsCert, "tls-key": tlsKey },
    waitMillis: masterTimeout === undefined ? undefined : masterTimeout * 1000,
    onNotice: (text) => console.error(`holdfast: ${text}`),
  });
  if (!opened.ok) {
    process.exitCode = fail(opened.error);
    return;
  }
  try {
    process.exitCode = await run(opened.value);
  } finally {
    await opened.value.close();
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= SECONDS_MAX) return value;
  throw new InvalidArgumentError(`It must be a number of seconds from 0 to ${SECONDS_MAX}.`);
}

/** Says why, and answers the exit code. */
export function fail(message: string): number {
  for (const line of message.split("\n")) console.error(`holdfast: ${line}`);
  return EXIT_REFUSED;
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
