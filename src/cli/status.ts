import { Command } from "commander";
import { readClusterStatus } from "../main/group/clusterStatus.ts";
import { statusText } from "./statusText.ts";

const EXIT_FAILED = 1;
/** The cluster could be asked, and something in it does not serve. */
const EXIT_NOT_SERVING = 2;

interface Options {
  readonly zookeeper: string;
  readonly zookeeperAuth?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly json?: true;
}

/** `holdfast status`: how it stands with every group. */
export function statusCommand(): Command {
  return new Command("status")
    .description("show every group: its primary, its members, how far each is, and who is missing")
    .requiredOption("--zookeeper <servers>", "ZooKeeper servers and path, such as h1:2181,h2:2181,h3:2181/holdfast")
    .option("--zookeeper-auth <user:password>", "authenticates there")
    .option("--tls-ca <file>", "authority (PEM) of the workers' certificates; then all three")
    .option("--tls-cert <file>", "a certificate (PEM) to show the workers")
    .option("--tls-key <file>", "and its key (PEM)")
    .option("--json", "print one JSON object instead of lines")
    .addHelpText("after", MORE_HELP)
    .exitOverride()
    .action((options: Options) => run(options));
}

const MORE_HELP = `
Exit: 0 every group takes reads and writes, 1 the cluster cannot be asked, 2 a group does not serve or takes no writes.`;

async function run({ zookeeper, zookeeperAuth, json, tlsCa, tlsCert, tlsKey }: Options): Promise<void> {
  const auth = zookeeperAuth ?? process.env["HOLDFAST_ZOOKEEPER_AUTH"];
  const status = await readClusterStatus({
    zookeeper,
    auth,
    certificates: { "tls-ca": tlsCa, "tls-cert": tlsCert, "tls-key": tlsKey },
  });
  if (!status.ok) {
    console.error(`holdfast: ${status.error}`);
    process.exitCode = EXIT_FAILED;
    return;
  }
  process.stdout.write(json === true ? `${JSON.stringify(status.value, null, 2)}\n` : statusText(status.value));
  const serves = status.value.groups.every(({ state }) => state === "ok" || state === "degraded");
  if (!serves) process.exitCode = EXIT_NOT_SERVING;
}
