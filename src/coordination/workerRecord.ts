import { splitAddress } from "../base/address.ts";

/** What a worker's znode says: `/workers/<id>`, as long as its session lasts. */
export interface WorkerRecord {
  readonly group: string;
  readonly incarnation: number;
  /** `host:port` for links, for calls, and for Redis clients. */
  readonly link: string;
  readonly rpc: string;
  readonly resp: string;
  /** Names the data directory: a process that has the same data is the same worker, started again. */
  readonly data: string;
  readonly version: string;
  readonly pid: number;
}

/** Undefined if it is nonsense. */
export function parseWorkerRecord(text: string): WorkerRecord | undefined {
  let value: Partial<WorkerRecord>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { group, incarnation, link, rpc, resp, data = "", version = "", pid = 0 } = value;
  const areTexts = [group, data, version].every((each) => typeof each === "string");
  if (!areTexts || !Number.isSafeInteger(incarnation) || ![link, rpc, resp].every(isAddress)) return undefined;
  return {
    group: group!,
    incarnation: incarnation!,
    link: link!,
    rpc: rpc!,
    resp: resp!,
    data,
    version,
    pid: Number(pid),
  };
}

function isAddress(value: unknown): boolean {
  return typeof value === "string" && splitAddress(value) !== undefined;
}
