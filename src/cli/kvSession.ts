import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { HoldfastClient } from "../client/client.ts";
import { HoldfastError } from "../client/errors.ts";
import { MASTER_RPC_PORT } from "../main/config.ts";
import { fail } from "./reach.ts";

/** Where a command finds the cluster's data, and how it answers. */
export interface KvReach {
  readonly connect?: string;
  readonly password?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly timeout?: string;
  readonly json?: true;
}

export type KvClient = HoldfastClient<Uint8Array>;

/** Runs something with a client; what it answers is the exit code. */
export type KvSession = (reach: KvReach, run: (client: KvClient) => Promise<number>) => Promise<void>;

/** Options of every command that reads or writes data. */
export function addKvReach(command: Command): Command {
  return command
    .option(
      "--connect <addresses>",
      `host:port of masters or workers, separated by commas (default: $HOLDFAST_CONNECT or 127.0.0.1:${MASTER_RPC_PORT})`,
    )
    .option("--password <password>", "where the nodes want one (default: $HOLDFAST_PASSWORD)")
    .option("--tls-ca <file>", "authority (PEM) of the nodes' certificates")
    .option("--tls-cert <file>", "a certificate (PEM) to show them")
    .option("--tls-key <file>", "and its key (PEM)")
    .option("--timeout <ms>", "how long a call may take, retries included (default: 5000)")
    .option("--json", "print JSON, one object a line");
}

/** Connects as the options say. Fails with `HoldfastError`, or where a file cannot be read. */
export async function connectKv(reach: KvReach): Promise<KvClient> {
  const { connect, password, tlsCa, tlsCert, tlsKey, timeout } = reach;
  const secret = password ?? process.env["HOLDFAST_PASSWORD"];
  const [ca, certificate, key] = await Promise.all(
    [tlsCa, tlsCert, tlsKey].map((file) => (file === undefined ? undefined : readFile(file, "utf8"))),
  );
  // A node that serves needs nothing of this.
  const library = await import("../client/connect.ts");
  return library.connect({
    addresses: connect ?? process.env["HOLDFAST_CONNECT"] ?? `127.0.0.1:${MASTER_RPC_PORT}`,
    values: "bytes",
    ...(timeout !== undefined && { timeoutMillis: Number(timeout) }),
    ...(secret !== undefined && { password: secret }),
    ...(ca !== undefined && {
      tls: { ca, ...(certificate !== undefined && { certificate }), ...(key !== undefined && { key }) },
    }),
  });
}

/** For a command of its own: connects, runs, and closes. */
export const kvSession: KvSession = async (reach, run) => {
  let client: KvClient | undefined;
  try {
    client = await connectKv(reach);
    process.exitCode = await run(client);
  } catch (error) {
    process.exitCode = fail(failureText(error));
  } finally {
    await client?.close();
  }
};

/** What a person is told; a bug goes on to the top. */
export function failureText(error: unknown): string {
  if (error instanceof HoldfastError) return `${error.message} (${error.code})`;
  if (error instanceof Error && "syscall" in error) return error.message;
  throw error;
}
