import { err, ok, type Result } from "../../base/result.ts";
import { checkPath } from "../../coordination/znodePath.ts";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ConnectString {
  readonly servers: readonly ServerAddress[];
  /** The path that the port's `/` stands for; empty if it is ZooKeeper's own root. */
  readonly chroot: string;
}

const DEFAULT_PORT = 2181;

/** Reads `h1:2181,h2:2181,[::1]:2181/path`; answers a sentence about what is wrong. */
export function parseConnectString(text: string): Result<ConnectString, string> {
  const slash = text.indexOf("/");
  const addresses = slash < 0 ? text : text.slice(0, slash);
  const path = slash < 0 ? "/" : text.slice(slash).replace(/(?<=.)\/$/, "");
  const checked = checkPath(path);
  if (!checked.ok) return err(`${checked.error.message} in ${JSON.stringify(text)}`);
  const servers: ServerAddress[] = [];
  for (const address of addresses.split(",")) {
    const server = parseAddress(address.trim());
    if (server === undefined) return err(`not the address of a ZooKeeper server: ${JSON.stringify(address)}`);
    servers.push(server);
  }
  return ok({ servers, chroot: path === "/" ? "" : path });
}

export function addressText({ host, port }: ServerAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function parseAddress(text: string): ServerAddress | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const port = match[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  return port >= 1 && port <= 65535 ? { host: (match[1] ?? match[2])!, port } : undefined;
}
