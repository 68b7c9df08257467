const PORT_MAX = 65_535;

/** Where somebody listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, or `[host]:port`; undefined if it is none. */
export function splitAddress(address: string): Address | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address);
  if (match === null || Number(match[3]) > PORT_MAX) return undefined;
  return { host: match[1] ?? match[2]!, port: Number(match[3]) };
}

export function joinAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
