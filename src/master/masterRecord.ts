/** What a master's znode says: `/masters/m-…`, as long as its session lasts. */
export interface MasterRecord {
  readonly id: string;
  /** `host:port` for calls, and for browsers; empty if it has none. */
  readonly rpc: string;
  readonly http: string;
  readonly version: string;
}

export const MASTERS = "/masters";
/** Ten digits follow. */
export const MASTER_PREFIX = "m-";

/** Undefined if it is nonsense. */
export function parseMasterRecord(text: string): MasterRecord | undefined {
  let value: Partial<MasterRecord> | null;
  try {
    value = JSON.parse(text) as Partial<MasterRecord>;
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, rpc = "", http = "", version = "" } = value;
  if (![id, rpc, http, version].every((each) => typeof each === "string")) return undefined;
  return { id: id!, rpc, http, version };
}
