import type { Prng } from "../../src/base/prng.ts";
import type { RespValue } from "../oracle/respValue.ts";
import type { Operation } from "./requests.ts";

const LISTS_PER_TAG = 2;

/** Elements of lists, each of which is pushed once and may be popped once, also by somebody who has waited for it. */
export class Elements {
  /** What was asked to be pushed, and whether that was certainly done, or certainly not. */
  readonly pushed = new Map<string, "asked" | "done" | "refused">();
  readonly popped = new Map<string, number>();
  /** What lists have in the end; undefined as long as nobody could read that. */
  readonly left = new Map<string, readonly string[]>();
  /** Pops of which nobody knows what they took. */
  lostPops = 0;
  /** Somebody has deleted lists as they were. */
  mayBeGone = false;
  readonly #tags: readonly string[];

  constructor(tags: readonly string[]) {
    this.#tags = tags;
  }

  get lists(): readonly string[] {
    return this.#tags.flatMap((tag) => listsOf(tag));
  }

  push(prng: Prng, value: string, tag?: string): Operation {
    this.pushed.set(value, "asked");
    const list = prng.pick(tag === undefined ? this.lists : listsOf(tag));
    return {
      requests: [["RPUSH", list, value]],
      done: ([reply]) => {
        this.pushed.set(value, isError(reply!) ? "refused" : "done");
        return undefined;
      },
      lost: () => undefined,
    };
  }

  pop(prng: Prng, tag?: string): Operation {
    const list = prng.pick(tag === undefined ? this.lists : listsOf(tag));
    const waits = prng.chance(2, 3);
    return {
      requests: [waits ? ["BLPOP", list, prng.pick(["0.05", "1", "0"])] : ["LPOP", list]],
      done: ([reply]) => {
        if (reply === null || isError(reply!)) return undefined;
        const value = (waits ? (reply as readonly RespValue[])[1] : reply) as string;
        this.popped.set(value, (this.popped.get(value) ?? 0) + 1);
        return undefined;
      },
      lost: () => {
        this.lostPops++;
      },
    };
  }

  readAll(list: string): Operation {
    return {
      requests: [["LRANGE", list, "0", "-1"]],
      done: ([reply]) => {
        if (!isError(reply!)) this.left.set(list, reply as readonly string[]);
        return undefined;
      },
      lost: () => undefined,
    };
  }
}

function listsOf(tag: string): readonly string[] {
  return Array.from({ length: LISTS_PER_TAG }, (_, i) => `${tag}l${i}`);
}

function isError(reply: RespValue): boolean {
  return typeof reply === "string" && reply.startsWith("-");
}
