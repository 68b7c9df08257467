import type { Command } from "commander";
import { MASTER_RPC_PORT } from "../main/config.ts";

/** Options of a node that is one replica of a group, beside those of every node. */
export function addGroupOptions(command: Command): Command {
  return command
    .option("--group <name>", "the group whose data it holds; spare: none, until it is lent to one (default: g1)")
    .option("--zookeeper-auth <user:password>", "authenticates there; nobody else may then read or change the znodes")
    .option("--advertise <address>", "address by which the others reach it (default: that of --bind)")
    .option("--rpc-port <number>", "port for calls of other workers; 0 for any that is free (default: 0)")
    .option("--link-port <number>", "port for the links of other workers; 0 for any that is free (default: 0)")
    .option("--tls-ca <file>", "authority (PEM) whose certificates the workers show each other; then all three")
    .option("--tls-cert <file>", "this worker's certificate (PEM)")
    .option("--tls-key <file>", "and its key (PEM)")
    .option(
      "--proxy <yes|no>",
      "execute what belongs to other nodes there, for clients that know nothing of clusters (default: no)",
    )
    .option("--scatter <yes|no>", "split MGET, DEL, DBSIZE and others between groups; needs --proxy (default: no)")
    .option("--with-master", "run a master in this process, too: active, or standing by")
    .option("--master-rpc-port <number>", `port of its calls; 0 for any that is free (default: ${MASTER_RPC_PORT})`)
    .option("--master-http-port <number>", "port of its /healthz, /readyz, /metrics and /topology (default: none)")
    .option("--replica-reads <mode>", "reads at a secondary are linearizable or eventual (default: linearizable)");
}
