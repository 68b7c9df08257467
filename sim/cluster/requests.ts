import type { Prng } from "../../src/base/prng.ts";
import type { Request } from "../checker/history.ts";
import type { Ending, HistoryLog, Invocation } from "../checker/historyLog.ts";
import type { RespValue } from "../oracle/respValue.ts";
import type { Elements } from "./elements.ts";
import type { Key, Keys } from "./keys.ts";

/** Something that a client asks, with as many replies as it has requests. */
export interface Operation {
  readonly requests: readonly (readonly string[])[];
  /** All replies are there; what to ask next, before anything else. */
  readonly done: (replies: readonly RespValue[]) => Operation | undefined;
  /** Nobody can say what became of it. */
  readonly lost: () => void;
}

export interface RequestParts {
  readonly prng: Prng;
  readonly history: HistoryLog;
  readonly nowMicros: () => number;
  readonly registers: Keys;
  readonly counters: Keys;
  readonly elements: Elements;
  /** What keys' names begin with: see `Key`. */
  readonly tags: readonly string[];
}

/** Who asks whom. */
export interface Asking {
  readonly process: string;
  readonly servedBy: string;
  /** About keys of this tag only. */
  readonly tag?: string;
}

/** Makes the operations of clients, and writes down what becomes of them. */
export class Requests {
  readonly #parts: RequestParts;
  #values = 0;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  read(asking: Asking): Operation {
    const { prng, registers, counters } = this.#parts;
    const { tag } = asking;
    if (prng.chance(1, 8)) {
      const one = registers.pick(prng, tag);
      return this.readTwo(asking, one, registers.pick(prng, one.tag));
    }
    return this.get(asking, (prng.chance(1, 5) ? counters : registers).pick(prng, tag));
  }

  /** With nothing else on the way it may be one that needs several turns. */
  write(asking: Asking, isAlone: boolean): Operation {
    const { prng, registers, counters, elements, tags } = this.#parts;
    const { tag } = asking;
    const value = `${asking.process}:${++this.#values};`;
    switch (prng.below(12)) {
      case 0:
      case 1:
        return this.#increment(asking, counters.pick(prng, tag));
      case 2:
        return this.#delete(asking, registers.pick(prng, tag));
      case 3:
        return this.#setIfNew(asking, registers.pick(prng, tag), value);
      case 4:
        if (isAlone) return this.#exchange(asking, registers.pick(prng, tag), value);
        return this.#set(asking, registers.pick(prng, tag), value);
      case 5:
        return elements.push(prng, value, tag);
      case 6:
        return elements.pop(prng, tag);
      case 7:
        return shortLived(`${tag ?? tags[0]!}e${prng.below(3)}`, value, prng.pick([20, 200, 2_000]));
      default:
        return this.#set(asking, registers.pick(prng, tag), value);
    }
  }

  get(asking: Asking, key: Key): Operation {
    return this.#single(asking, key, { kind: "get" }, ["GET", key.name], (reply) => reply as string | null);
  }

  #set(asking: Asking, key: Key, value: string): Operation {
    return this.#single(asking, key, { kind: "set", value }, ["SET", key.name, value], () => null);
  }

  #delete(asking: Asking, key: Key): Operation {
    return this.#single(asking, key, { kind: "delete" }, ["DEL", key.name], (reply) => reply === "1");
  }

  #setIfNew(asking: Asking, key: Key, value: string): Operation {
    const request = { kind: "compareAndSet", expected: null, value } as const;
    return this.#single(asking, key, request, ["SET", key.name, value, "NX"], (reply) => reply !== null);
  }

  #increment(asking: Asking, key: Key): Operation {
    return this.#single(asking, key, { kind: "increment", by: 1 }, ["INCR", key.name], Number);
  }

  #single(
    asking: Asking,
    key: Key,
    request: Request,
    words: readonly string[],
    replyOf: (reply: RespValue) => string | number | boolean | null,
  ): Operation {
    const end = this.#begin(asking, key, request);
    return {
      requests: [words],
      done: ([reply]) => {
        const error = errorOf(reply!);
        if (error === undefined) end({ outcome: "ok", reply: replyOf(reply!) });
        else end({ outcome: "refused", note: error });
        return undefined;
      },
      lost: () => end({ outcome: "unknown" }),
    };
  }

  /** Two keys at one instant. */
  readTwo(asking: Asking, one: Key, other: Key): Operation {
    const ends = [one, other].map((key) => this.#begin(asking, key, { kind: "get" }));
    return {
      requests: [["MULTI"], ["GET", one.name], ["GET", other.name], ["EXEC"]],
      done: (replies) => {
        const executed = replies[3]!;
        const error = errorOf(executed) ?? (executed === null ? "aborted" : undefined);
        for (const [i, end] of ends.entries()) {
          if (error !== undefined) end({ outcome: "refused", note: error });
          else end({ outcome: "ok", reply: (executed as readonly RespValue[])[i] as string | null });
        }
        return undefined;
      },
      lost: () => {
        for (const end of ends) end({ outcome: "unknown" });
      },
    };
  }

  /** `WATCH`, a look, and a transaction that counts only if nobody was faster. */
  #exchange(asking: Asking, key: Key, value: string): Operation {
    const end = this.#begin(asking, key, { kind: "get" });
    return {
      requests: [
        ["WATCH", key.name],
        ["GET", key.name],
      ],
      done: ([watched, seen]) => {
        const error = errorOf(watched!) ?? errorOf(seen!);
        if (error === undefined) end({ outcome: "ok", reply: seen as string | null });
        else end({ outcome: "refused", note: error });
        return error === undefined ? this.#transaction(asking, key, seen as string | null, value) : undefined;
      },
      lost: () => end({ outcome: "unknown" }),
    };
  }

  #transaction(asking: Asking, key: Key, expected: string | null, value: string): Operation {
    const end = this.#begin(asking, key, { kind: "compareAndSet", expected, value });
    return {
      requests: [["MULTI"], ["SET", key.name, value], ["EXEC"]],
      done: (replies) => {
        const executed = replies[2]!;
        const note = errorOf(executed) ?? (executed === null ? "a watched key has changed" : undefined);
        if (note === undefined) end({ outcome: "ok", reply: true });
        else end({ outcome: "refused", note });
        return undefined;
      },
      lost: () => end({ outcome: "unknown" }),
    };
  }

  /** Every key of a group is deleted: those of some slots, or none of them; `isSpared` is asked for each of them in the end. */
  flush(asking: Asking, isSpared: (key: Key) => boolean): Operation {
    const { registers, counters, elements } = this.#parts;
    const ends = new Map<Key, (ending: Ending) => void>();
    const begin = (key: Key): void => void ends.set(key, this.#begin(asking, key, { kind: "delete" }));
    for (const keys of [registers, counters]) {
      for (const key of keys.all) begin(key);
      // Also those that come while it is on its way.
      keys.onMade = begin;
    }
    elements.mayBeGone = true;
    const end = (endingOf: (key: Key) => Ending): void => {
      for (const keys of [registers, counters]) keys.onMade = undefined;
      for (const [key, endOf] of ends) endOf(endingOf(key));
    };
    const unknown = { outcome: "unknown" } as const;
    const refused = { outcome: "refused", note: "its slot was elsewhere" } as const;
    return {
      requests: [["FLUSHALL"]],
      done: ([reply]) => {
        const isRefused = errorOf(reply!) !== undefined;
        end((key) => (isRefused || isSpared(key) ? refused : unknown));
        return undefined;
      },
      lost: () => end(() => unknown),
    };
  }

  #begin({ process, servedBy }: Asking, key: Key, request: Request): (ending: Ending) => void {
    const { history, nowMicros } = this.#parts;
    const invocation: Invocation = { ...request, process, key: key.name, servedBy, consistency: "linearizable" };
    const id = history.invoke(invocation, nowMicros());
    return (ending) => {
      if (ending.outcome === "unknown" && request.kind !== "get") key.unknown++;
      history.end(id, ending, nowMicros());
    };
  }
}

function shortLived(key: string, value: string, millis: number): Operation {
  return {
    requests: [
      ["SET", key, value, "PX", String(millis)],
      ["GET", key],
    ],
    done: () => undefined,
    lost: () => undefined,
  };
}

/** The text of an error, without the sign before it. */
export function errorOf(reply: RespValue): string | undefined {
  return typeof reply === "string" && reply.startsWith("-") ? reply.slice(1) : undefined;
}
