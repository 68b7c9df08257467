import type { Prng } from "../../src/base/prng.ts";

export interface RequestOptions {
  readonly keys: readonly string[];
  /** Bytes of most values, at most. */
  readonly valueBytesMax: number;
  /** Out of a thousand values, so many are larger than a record of the key space takes inline. */
  readonly hugePerMille: number;
  /** Elements that one request adds to a collection, at most. */
  readonly elementsMax: number;
  /** Out of a hundred requests, so many give a key a time to live. */
  readonly expiryPerCent: number;
  /** Out of a hundred requests, so many wait for a key, or may end such a wait. */
  readonly blockingPerCent: number;
  /** Out of ten thousand requests, so many remove every key. */
  readonly flushPerMyriad: number;
}

type Draw = (requests: Requests) => string[];

/** What clients ask for: commands on every type of value. Each value is written once, so that one read tells which write it saw. */
export class Requests {
  readonly prng: Prng;
  readonly #options: RequestOptions;
  #values = 0;

  constructor(prng: Prng, options: RequestOptions) {
    this.prng = prng;
    this.#options = options;
  }

  /** What a client sends in one go. */
  chunk(): string[][] {
    const { prng } = this;
    if (prng.chance(1, 6)) return this.#transaction();
    return Array.from({ length: prng.chance(1, 2) ? 1 : prng.between(1, 8) }, () => this.request());
  }

  #transaction(): string[][] {
    const { prng } = this;
    const watched = prng.chance(1, 3)
      ? [
          ["WATCH", this.key()],
          ["GET", this.key()],
        ]
      : [];
    // Then others may come between this and the transaction.
    if (watched.length > 0 && prng.chance(1, 2)) return watched;
    const queued = Array.from({ length: prng.between(1, 6) }, () => this.request());
    const end = prng.chance(1, 12) ? "DISCARD" : "EXEC";
    return [...watched, ["MULTI"], ...queued, [end]];
  }

  request(): string[] {
    const { prng } = this;
    const { expiryPerCent, blockingPerCent, flushPerMyriad } = this.#options;
    if (prng.chance(flushPerMyriad, 10_000)) return [prng.pick(["FLUSHALL", "FLUSHDB"])];
    if (prng.chance(expiryPerCent, 100)) return prng.pick(EXPIRING)(this);
    if (prng.chance(blockingPerCent, 100)) return prng.pick(BLOCKING)(this);
    return prng.pick(prng.pick(GROUPS))(this);
  }

  key(): string {
    return this.prng.pick(this.#options.keys);
  }

  keys(): string[] {
    return Array.from({ length: this.prng.between(1, 3) }, () => this.key());
  }

  value(): string {
    const { prng } = this;
    const { valueBytesMax, hugePerMille } = this.#options;
    const name = `v${++this.#values}.`;
    const length = prng.chance(hugePerMille, 1000) ? 32_700 + prng.below(200) : prng.below(valueBytesMax);
    return name + String.fromCharCode(prng.below(256)).repeat(length);
  }

  element(): string {
    const { prng } = this;
    return prng.chance(1, 3) ? String(prng.below(40)) : `e${prng.below(60)}`;
  }

  /** For each element to be added, what `each` draws. */
  elements(each: () => string[]): string[] {
    const { prng } = this;
    const count = prng.chance(1, 8) ? prng.between(1, this.#options.elementsMax) : prng.between(1, 3);
    return Array.from({ length: count }, each).flat();
  }

  /** Milliseconds that something may live or wait. */
  millis(): string {
    return String(this.prng.pick([1, 20, 300, 2_000, 30_000]) + this.prng.below(20));
  }

  index(): string {
    return String(this.prng.between(-6, 8));
  }

  score(): string {
    return this.prng.pick(["1", "2.5", "-7", "1e3", "inf", String(this.prng.below(1000))]);
  }
}

const strings: readonly Draw[] = [
  (r) => ["SET", r.key(), r.value()],
  (r) => ["SET", r.key(), r.value()],
  (r) => ["SET", r.key(), r.value(), r.prng.pick(["NX", "XX", "KEEPTTL", "GET"])],
  (r) => ["SET", r.key(), String(r.prng.below(1000))],
  (r) => ["GET", r.key()],
  (r) => ["GET", r.key()],
  (r) => ["GETSET", r.key(), r.value()],
  (r) => ["GETDEL", r.key()],
  (r) => ["APPEND", r.key(), r.value()],
  (r) => ["SETRANGE", r.key(), String(r.prng.below(300)), r.value()],
  (r) => ["GETRANGE", r.key(), r.index(), r.index()],
  (r) => ["STRLEN", r.key()],
  (r) => ["INCRBY", r.key(), r.index()],
  (r) => ["INCRBYFLOAT", r.key(), "1.5"],
  (r) => ["MSET", r.key(), r.value(), r.key(), r.value()],
  (r) => ["MSETNX", r.key(), r.value(), r.key(), r.value()],
  (r) => ["MGET", ...r.keys()],
  (r) => ["MSET", ...r.elements(() => [r.key(), r.value()])],
];

const generic: readonly Draw[] = [
  (r) => ["DEL", ...r.keys()],
  (r) => ["UNLINK", r.key()],
  (r) => ["EXISTS", ...r.keys()],
  (r) => ["TYPE", r.key()],
  (r) => ["PERSIST", r.key()],
  (r) => ["PTTL", r.key()],
  (r) => ["EXPIRETIME", r.key()],
  (r) => ["RENAME", r.key(), r.key()],
  (r) => ["RENAMENX", r.key(), r.key()],
  (r) => ["COPY", r.key(), r.key(), "REPLACE"],
  (r) => ["OBJECT", "ENCODING", r.key()],
  (r) => ["TOUCH", ...r.keys()],
  () => ["DBSIZE"],
];

const hashes: readonly Draw[] = [
  (r) => ["HSET", r.key(), ...r.elements(() => [r.element(), r.value()])],
  (r) => ["HSET", r.key(), r.element(), r.value()],
  (r) => ["HDEL", r.key(), r.element(), r.element()],
  (r) => ["HGET", r.key(), r.element()],
  (r) => ["HGETALL", r.key()],
  (r) => ["HINCRBY", r.key(), r.element(), r.index()],
  (r) => ["HLEN", r.key()],
  (r) => ["HRANDFIELD", r.key(), "3"],
];

const lists: readonly Draw[] = [
  (r) => ["RPUSH", r.key(), ...r.elements(() => [r.value()])],
  (r) => ["LPUSH", r.key(), r.element()],
  (r) => ["LPOP", r.key()],
  (r) => ["RPOP", r.key(), "2"],
  (r) => ["LRANGE", r.key(), "0", "-1"],
  (r) => ["LSET", r.key(), r.index(), r.value()],
  (r) => ["LINSERT", r.key(), r.prng.pick(["BEFORE", "AFTER"]), r.element(), r.value()],
  (r) => ["LREM", r.key(), r.index(), r.element()],
  (r) => ["LTRIM", r.key(), r.index(), r.index()],
  (r) => ["LMOVE", r.key(), r.key(), "LEFT", "RIGHT"],
  (r) => ["LLEN", r.key()],
];

const sets: readonly Draw[] = [
  (r) => ["SADD", r.key(), ...r.elements(() => [r.element()])],
  (r) => ["SADD", r.key(), r.value()],
  (r) => ["SREM", r.key(), r.element(), r.element()],
  (r) => ["SISMEMBER", r.key(), r.element()],
  (r) => ["SMEMBERS", r.key()],
  (r) => ["SPOP", r.key()],
  (r) => ["SPOP", r.key(), "3"],
  (r) => ["SRANDMEMBER", r.key(), "-3"],
  (r) => ["SMOVE", r.key(), r.key(), r.element()],
  (r) => ["SUNIONSTORE", r.key(), ...r.keys()],
  (r) => ["SINTERSTORE", r.key(), ...r.keys()],
  (r) => ["SCARD", r.key()],
];

const sortedSets: readonly Draw[] = [
  (r) => ["ZADD", r.key(), ...r.elements(() => [r.score(), r.element()])],
  (r) => ["ZADD", r.key(), r.score(), r.value()],
  (r) => ["ZREM", r.key(), r.element(), r.element()],
  (r) => ["ZSCORE", r.key(), r.element()],
  (r) => ["ZRANGE", r.key(), "0", "-1", "WITHSCORES"],
  (r) => ["ZINCRBY", r.key(), "2", r.element()],
  (r) => ["ZPOPMIN", r.key()],
  (r) => ["ZRANK", r.key(), r.element()],
  (r) => ["ZREMRANGEBYRANK", r.key(), r.index(), r.index()],
  (r) => ["ZUNIONSTORE", r.key(), "2", r.key(), r.key()],
  (r) => ["ZCARD", r.key()],
];

const GROUPS: readonly (readonly Draw[])[] = [strings, strings, generic, hashes, lists, sets, sortedSets];

const EXPIRING: readonly Draw[] = [
  (r) => ["SET", r.key(), r.value(), "PX", r.millis()],
  (r) => ["PSETEX", r.key(), r.millis(), r.value()],
  (r) => ["GETEX", r.key(), "PX", r.millis()],
  (r) => ["PEXPIRE", r.key(), r.millis()],
  (r) => ["PEXPIRE", r.key(), r.millis(), r.prng.pick(["NX", "GT", "LT"])],
  (r) => ["EXPIRE", r.key(), r.prng.pick(["1", "100", "-1"])],
];

const BLOCKING: readonly Draw[] = [
  (r) => ["BLPOP", ...r.keys(), seconds(r)],
  (r) => ["BRPOP", ...r.keys(), seconds(r)],
  (r) => ["BLMOVE", r.key(), r.key(), "LEFT", "RIGHT", seconds(r)],
  (r) => ["BZPOPMIN", ...r.keys(), seconds(r)],
  (r) => ["RPUSH", r.key(), r.value(), r.value()],
  (r) => ["ZADD", r.key(), r.score(), r.element()],
  (r) => ["DEL", r.key()],
];

function seconds(requests: Requests): string {
  return requests.prng.pick(["0.01", "0.2", "1", "5"]);
}
