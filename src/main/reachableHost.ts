import { networkInterfaces } from "node:os";

/** An address that others may try for what listens at `bind`: a wildcard is none. */
export function reachableHost(bind: string): string {
  if (bind !== "0.0.0.0" && bind !== "::") return bind;
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((address) => !address.internal && (bind === "::" || address.family === "IPv4"));
  return found?.address ?? "127.0.0.1";
}
