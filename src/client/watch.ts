import { keySlot } from "../base/crc16.ts";
import type { Change, Watching, WatchOptions } from "./api.ts";
import type { ClientCore } from "./core.ts";
import { HoldfastError } from "./errors.ts";
import { errorOf } from "./failures.ts";
import { GroupWatch } from "./groupWatch.ts";
import type { ChangeMessage, GetReplyMessage, WatchReplyMessage } from "./messages.ts";
import { type Give, getMessage, versionOf } from "./operations.ts";
import type { Failure } from "./request.ts";
import { typeOf } from "./scan.ts";
import { type Bytes, checkKey, keyText } from "./values.ts";
import { type Positions, positionText, readPosition } from "./watchPosition.ts";

/** Changes that nobody has taken yet; then the connection is let go, and taken up again from there when they are. */
const WAITING_MAX = 10_000;

/** Opens a watch of one key, or of all keys with a prefix. Throws `HoldfastError`. */
export function openWatch<V>(core: ClientCore, give: Give<V>, options: WatchOptions): Watching<V> {
  return new OpenWatch(core, give, options);
}

class OpenWatch<V> implements Watching<V> {
  readonly #core: ClientCore;
  readonly #give: Give<V>;
  readonly #options: WatchOptions;
  readonly #slot: number | undefined;
  readonly #watches = new Map<string, GroupWatch>();
  /** Up to where everything was told to the program; by group. */
  readonly #told: Positions;
  /** Of groups that a position says nothing about: from there on. */
  #waiting: Change<V>[] = [];
  #wake: (() => void) | undefined;
  #error: HoldfastError | undefined;
  #isClosed = false;
  #lastVersion: string | undefined;
  readonly #ready: Promise<void>;
  #becomeReady: () => void = () => undefined;
  readonly #unfollow: () => void;
  readonly #onAbort = (): void => this.#abort();

  constructor(core: ClientCore, give: Give<V>, options: WatchOptions) {
    const { key, prefix, from, signal } = options;
    if ((key === undefined) === (prefix === undefined))
      throw new HoldfastError("invalid", "a watch has a key or a prefix", false, { field: "key" });
    if (key !== undefined) checkKey(key);
    this.#core = core;
    this.#give = give;
    this.#options = options;
    this.#slot = slotOf(key, prefix);
    this.#told = readPosition(from);
    this.#ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    this.#unfollow = core.onTopology(() => this.#follow());
    if (signal?.aborted === true) this.#abort();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#follow();
  }

  get position(): string {
    return positionText(this.#told);
  }

  async ready(): Promise<void> {
    await this.#ready;
    if (this.#error !== undefined) throw this.#error;
  }

  close(): void {
    this.#isClosed = true;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#unfollow();
    for (const watch of this.#watches.values()) watch.stop();
    this.#watches.clear();
    this.#becomeReady();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Change<V>> {
    try {
      for (;;) {
        const changes = this.#waiting;
        this.#waiting = [];
        for (const change of changes) yield change;
        if (this.#waiting.length > 0) continue;
        if (this.#error !== undefined) throw this.#error;
        if (this.#isClosed || this.#core.isClosed) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.close();
    }
  }

  /** One stream a group: all of them for a prefix, the one that has it for a key. */
  #follow(): void {
    if (this.#isClosed || this.#error !== undefined) return;
    const { routes } = this.#core;
    const slot = this.#slot;
    if (slot !== undefined) {
      const group = routes.groupOf(slot)?.name;
      if (group !== undefined && this.#watches.size === 0) this.#open(group);
      return;
    }
    for (const { name } of routes.groups) if (!this.#watches.has(name)) this.#open(name);
  }

  #open(group: string, moved = false): void {
    const { key, prefix, previous, values } = this.#options;
    const { routes } = this.#core;
    const what = key === undefined ? { prefix } : { key };
    const watch = new GroupWatch(
      this.#core,
      {
        address: () => {
          const route = routes.groups.find(({ name }) => name === group);
          return route === undefined ? undefined : routes.primaryOfGroup(route);
        },
        request: { ...what, previous, noValues: values === false },
        onReply: (reply) => this.#take(group, reply),
        onState: (isLive) => {
          if (!isLive) return;
          if (moved) this.#catchUp(group);
          if ([...this.#watches.values()].every((each) => each.isLive)) this.#becomeReady();
        },
        onEnd: (failure) => this.#ended(group, failure),
      },
      this.#told.get(group),
    );
    this.#watches.set(group, watch);
  }

  #take(group: string, { changes, position }: WatchReplyMessage): void {
    changes.forEach((change, index) => {
      // Before the last change of a message one cannot go on after it alone.
      if (index === changes.length - 1) this.#told.set(group, Buffer.from(position));
      this.#push(this.#changeOf(change));
    });
    this.#told.set(group, Buffer.from(position));
  }

  #push(change: Change<V>): void {
    this.#waiting.push(change);
    this.#lastVersion = change.version;
    this.#wake?.();
    this.#wake = undefined;
    if (this.#waiting.length < WAITING_MAX) return;
    const text = `${WAITING_MAX} changes wait to be taken; watch again from the position of the last one`;
    this.#fail(new HoldfastError("busy", text));
  }

  #changeOf(change: ChangeMessage): Change<V> {
    const { kind, key, type, value, version, expiresAtMillis, previous, previousUnknown, valueUnknown } = change;
    const isValue = type === "VALUE_TYPE_VALUE" && !valueUnknown && this.#options.values !== false;
    return {
      kind: kind.replace("KIND_", "").toLowerCase() as Change<V>["kind"],
      key: this.#give(key),
      type: typeOf(type),
      value: isValue ? this.#give(value) : undefined,
      isValueUnknown: valueUnknown,
      version: versionOf(version),
      expiresAtMillis,
      previous: previous === undefined ? undefined : this.#give(previous),
      isPreviousUnknown: previousUnknown,
      isCatchUp: false,
      position: this.position,
    };
  }

  #ended(group: string, failure: Failure): void {
    this.#watches.delete(group);
    if (this.#isClosed) return;
    const slot = this.#slot;
    if (failure.reason !== "MOVED" || slot === undefined) {
      this.#fail(errorOf(failure.reason === "POSITION_LOST" ? "position_lost" : "invalid", failure, 0));
      return;
    }
    this.#told.delete(group);
    if (failure.address !== "") this.#core.routes.moved(slot, failure.address);
    this.#seek(slot, group);
  }

  /** The topology tells soon who has it now. */
  #seek(slot: number, before: string): void {
    if (this.#isClosed) return;
    const group = this.#core.routes.groupOf(slot)?.name;
    if (group !== undefined && group !== before) this.#open(group, true);
    else setTimeout(() => this.#seek(slot, before), SEEK_MILLIS);
  }

  /** What the key holds where it is now, if that is not what was told last. */
  #catchUp(group: string): void {
    const { key } = this.#options;
    const slot = this.#slot;
    if (key === undefined || slot === undefined) return;
    const facts = { kind: "get", message: getMessage(key), slot, isWrite: false, consistency: "linearizable" } as const;
    this.#core
      .call(facts, {}, (answer) => answer.get!)
      .then(
        (reply) => {
          if (!this.#isClosed && versionOf(reply.version) !== this.#lastVersion) this.#push(this.#stateOf(key, reply));
        },
        () => {
          const watch = this.#watches.get(group);
          if (watch?.isLive === true) this.#catchUp(group);
        },
      );
  }

  #stateOf(key: Bytes, reply: GetReplyMessage): Change<V> {
    const { found, value, version, ttlMillis } = reply;
    return {
      kind: found ? "set" : "deleted",
      key: this.#give(Buffer.from(keyText(key), "latin1")),
      type: found ? "value" : "none",
      value: found && this.#options.values !== false ? this.#give(value) : undefined,
      isValueUnknown: false,
      version: versionOf(version),
      expiresAtMillis: ttlMillis === undefined ? undefined : Date.now() + ttlMillis,
      previous: undefined,
      isPreviousUnknown: true,
      isCatchUp: true,
      position: this.position,
    };
  }

  #abort(): void {
    const cause: unknown = this.#options.signal?.reason;
    this.#fail(new HoldfastError("aborted", "the watch was aborted", false, { cause }));
  }

  #fail(error: HoldfastError): void {
    this.#error ??= error;
    this.close();
  }
}

const SEEK_MILLIS = 20;

/** Of a key, or of a prefix with a whole tag in it; undefined where every slot is concerned. */
function slotOf(key: Bytes | undefined, prefix: Bytes | undefined): number | undefined {
  const text = keyText(key ?? prefix ?? "");
  const open = text.indexOf("{");
  const isTagged = open >= 0 && text.indexOf("}", open + 1) > open + 1;
  return key !== undefined || isTagged ? keySlot(text) : undefined;
}
