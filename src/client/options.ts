import { splitAddress } from "../base/address.ts";
import { HoldfastError } from "./errors.ts";
import type { ClientTls } from "./wire/channel.ts";

/**
 * How new what is read has to be.
 * - `linearizable`: whatever was acknowledged to anybody before the call began is seen. The load is spread over the replicas in sync.
 * - `eventual`: what one of the replicas in sync has; nothing that is not committed. The load is spread over them.
 * - `cached`: what this client has read before, as long as no change of it is known; else `linearizable`, by the primary. Needs `cache`.
 */
export type ReadConsistency = "linearizable" | "eventual" | "cached";

export interface CacheOptions {
  /** Keys, values and what they cost to keep. */
  readonly bytesMax: number;
  /**
   * Only keys that begin so are kept; all by default. Every change of such a key is told to this client, without its value.
   * At most 16.
   */
  readonly prefixes?: readonly string[];
  /**
   * An entry answers only if its group was heard of within so many milliseconds: the bound of what a cut network can hide. 5000 by
   * default, at least 3000, because who has nothing to say is asked every two seconds.
   */
  readonly silenceMillisMax?: number;
  /** Answers with what is in the cache, marked `stale`, when nobody can be asked: for reads `cached`. No by default. */
  readonly staleIfUnreachable?: boolean;
}

export interface ConnectOptions {
  /** `host:port` of calls, of masters or workers: any of them will do, several are better. */
  readonly addresses: string | readonly string[];
  /** How values and keys are given back: as text (UTF-8), the default, or as bytes. */
  readonly values?: "text" | "bytes";
  /** Of reads that do not say it. `cached` where there is a cache, else `linearizable`. */
  readonly consistency?: ReadConsistency;
  /**
   * Who answers linearizable reads of one key: the replicas in sync, of which each has as new a state as the primary, or only the
   * primary. `replicas` by default.
   */
  readonly readFrom?: "replicas" | "primary";
  /**
   * Writes carry a number by which the servers know them again: one whose answer is lost is repeated until the deadline, and
   * happens once all the same. Yes by default; with no, it rejects, `unknown`.
   */
  readonly exactlyOnce?: boolean;
  /** Of calls that do not say it: 5000. */
  readonly timeoutMillis?: number;
  /** How long `connect` looks for somebody: 10000. */
  readonly connectMillis?: number;
  /** Calls without an answer; further ones are refused, `busy`. 100000 by default. */
  readonly inFlightMax?: number;
  readonly cache?: CacheOptions;
  /** Where the nodes want one. */
  readonly password?: string;
  /**
   * What carries calls: connections to the nodes' Redis ports, which cost both sides half as much, or gRPC. `redis` by default;
   * where that cannot be, and always with `tls`, it is gRPC.
   */
  readonly callsOver?: "redis" | "grpc";
  /** Where the nodes use certificates. */
  readonly tls?: ClientTls;
}

/** Of every call. */
export interface CallOptions {
  /** Until the answer, retries included. */
  readonly timeoutMillis?: number;
  /** Ends it early: the call rejects, `aborted`. */
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  readonly consistency?: ReadConsistency;
}

/** Settings with what they are when nothing was said. */
export interface Settings {
  readonly addresses: readonly string[];
  readonly consistency: ReadConsistency;
  readonly readFrom: "replicas" | "primary";
  readonly exactlyOnce: boolean;
  readonly timeoutMillis: number;
  readonly connectMillis: number;
  readonly inFlightMax: number;
  readonly cache: Required<CacheOptions> | undefined;
  readonly password: string | undefined;
  readonly callsOver: "redis" | "grpc";
  readonly tls: ClientTls | undefined;
}

const TIMEOUT_MILLIS_MAX = 3_600_000;
const PREFIXES_MAX = 16;
const SILENCE_MILLIS_MIN = 3000;

/** Throws `HoldfastError`, `invalid`, naming the field. */
export function settingsOf(options: ConnectOptions): Settings {
  const { cache } = options;
  const addresses = [options.addresses ?? []]
    .flat()
    .flatMap((each) => each.split(","))
    .map((each) => each.trim());
  if (addresses.length === 0) throw invalid("addresses", "names at least one host:port");
  for (const address of addresses) {
    if (splitAddress(address) === undefined) throw invalid("addresses", `${address} is no host:port`);
  }
  const settings: Settings = {
    addresses,
    consistency: options.consistency ?? (cache === undefined ? "linearizable" : "cached"),
    readFrom: options.readFrom ?? "replicas",
    exactlyOnce: options.exactlyOnce ?? true,
    timeoutMillis: checkMillis("timeoutMillis", options.timeoutMillis ?? 5000),
    connectMillis: checkMillis("connectMillis", options.connectMillis ?? 10_000),
    inFlightMax: checkCount("inFlightMax", options.inFlightMax ?? 100_000),
    cache: cache === undefined ? undefined : cacheOf(cache),
    password: options.password,
    callsOver: options.tls === undefined ? (options.callsOver ?? "redis") : "grpc",
    tls: options.tls,
  };
  if (!["replicas", "primary"].includes(settings.readFrom)) throw invalid("readFrom", "is replicas or primary");
  if (!["redis", "grpc"].includes(settings.callsOver)) throw invalid("callsOver", "is redis or grpc");
  if (settings.consistency === "cached" && cache === undefined) throw invalid("consistency", "cached needs a cache");
  return settings;
}

function cacheOf({ bytesMax, prefixes = [""], silenceMillisMax = 5000, staleIfUnreachable = false }: CacheOptions) {
  checkCount("cache.bytesMax", bytesMax);
  if (prefixes.length === 0 || prefixes.length > PREFIXES_MAX)
    throw invalid("cache.prefixes", `names 1 to ${PREFIXES_MAX} prefixes`);
  if (!(silenceMillisMax >= SILENCE_MILLIS_MIN))
    throw invalid("cache.silenceMillisMax", `is at least ${SILENCE_MILLIS_MIN}`);
  return { bytesMax, prefixes, silenceMillisMax, staleIfUnreachable };
}

/** Throws `HoldfastError` unless it is a time that a call can take. */
export function checkMillis(field: string, millis: number): number {
  if (!(millis > 0 && millis <= TIMEOUT_MILLIS_MAX)) throw invalid(field, `is above 0, at most ${TIMEOUT_MILLIS_MAX}`);
  return millis;
}

function checkCount(field: string, count: number): number {
  if (!Number.isSafeInteger(count) || count < 1) throw invalid(field, "is a whole number above 0");
  return count;
}

function invalid(field: string, what: string): HoldfastError {
  return new HoldfastError("invalid", `${field}: ${what}`, false, { field });
}
