import { ok, type Result } from "../base/result.ts";
import type { Timer, Timers } from "../ports/clock.ts";
import type { Coordinator, CoordinatorError } from "../ports/coordinator.ts";
import { MASTER_PREFIX, MASTERS, type MasterRecord } from "./masterRecord.ts";

const EPOCH = `${MASTERS}/epoch`;
const AGAIN_MILLIS = 500;

/** The time in which this master is the active one: every write of it names the version, and fails when there is a successor. */
export interface Reign {
  readonly epoch: number;
  /** Of the znode `/masters/epoch`. */
  readonly version: number;
}

export interface ElectionParts {
  readonly coordinator: Coordinator;
  readonly timers: Timers;
  readonly record: MasterRecord;
  /** Names this process: nobody else has it, ever. */
  readonly nonce: string;
  readonly onActive: (reign: Reign) => void;
  readonly onStandby: () => void;
  readonly onNotice: (text: string) => void;
}

type Step =
  /** Nothing to do until a watch tells. */
  "wait" | "again" | "later";

/**
 * Which of several masters is active: the one whose sequential session znode is the lowest. Each watches only the one before it, so that
 * the end of one wakes one. Before it acts, a new active master replaces `/masters/epoch`; from then on the one before cannot write.
 */
export class Election {
  readonly #parts: ElectionParts;
  #reign: Reign | undefined;
  #isRunning = false;
  #isHinted = false;
  #isStopped = false;
  #timer: Timer | undefined;
  readonly #endSession: () => void;

  constructor(parts: ElectionParts) {
    this.#parts = parts;
    this.#endSession = parts.coordinator.onSession((event) => {
      if (event === "lost") this.#stepDown();
      if (event === "renewed" || event === "connected") this.#run();
    });
    this.#run();
  }

  get reign(): Reign | undefined {
    return this.#reign;
  }

  /** A write was refused, since there is a successor: this one stands at the end of the queue again. */
  fenced(): void {
    if (this.#reign === undefined) return;
    this.#parts.onNotice("another master is active: this one stands by");
    this.#stepDown();
    void this.#leave().then(this.#run);
  }

  readonly #run = (): void => {
    if (this.#isStopped) return;
    if (this.#isRunning) {
      this.#isHinted = true;
      return;
    }
    this.#isRunning = true;
    this.#timer?.cancel();
    void this.#steps().then((isLater) => {
      this.#isRunning = false;
      if (this.#isHinted) {
        this.#isHinted = false;
        this.#run();
      } else if (isLater && !this.#isStopped) this.#timer = this.#parts.timers.after(AGAIN_MILLIS, this.#run);
    });
  };

  /** Whether it has to be tried once more without being told. */
  async #steps(): Promise<boolean> {
    for (;;) {
      const step = await this.#step();
      if (step !== "again" || this.#isStopped) return step === "later";
    }
  }

  async #step(): Promise<Step> {
    const { coordinator } = this.#parts;
    const session = coordinator.session.id;
    if (session === undefined) return "wait";
    const names = await this.#names();
    if (!names.ok) return "later";
    const own = await this.#own(names.value, session);
    if (!own.ok) return "later";
    if (own.value === undefined) return this.#enter();
    const before = names.value[names.value.indexOf(own.value) - 1];
    const watched = await coordinator.exists(`${MASTERS}/${before ?? own.value}`, { watch: this.#run });
    if (!watched.ok) return "later";
    if (!watched.value) return "again";
    if (before !== undefined) {
      this.#stepDown();
      return "wait";
    }
    return this.#reign !== undefined || session !== coordinator.session.id ? "wait" : this.#rise(session);
  }

  async #names(): Promise<Result<string[], CoordinatorError>> {
    const names = await this.#parts.coordinator.children(MASTERS, { sync: true });
    return names.ok ? ok(names.value.filter((name) => name.startsWith(MASTER_PREFIX)).sort()) : names;
  }

  /** The znode of this session: also one whose creation had an unknown outcome. */
  async #own(names: readonly string[], session: string): Promise<Result<string | undefined, CoordinatorError>> {
    for (const name of names) {
      const read = await this.#parts.coordinator.get(`${MASTERS}/${name}`);
      if (!read.ok && read.error.code !== "no_node") return read;
      if (read.ok && read.value.owner === session) return ok(name);
    }
    return ok(undefined);
  }

  async #enter(): Promise<Step> {
    this.#stepDown();
    const { coordinator, record } = this.#parts;
    const path = `${MASTERS}/${MASTER_PREFIX}`;
    const made = await coordinator.create(path, JSON.stringify(record), { kind: "session", sequential: true });
    return made.ok ? "again" : "later";
  }

  /** Shuts out the one before, then begins. */
  async #rise(session: string): Promise<Step> {
    const { coordinator, nonce, record } = this.#parts;
    const read = await coordinator.get(EPOCH, { sync: true });
    if (!read.ok) {
      if (read.error.code !== "no_node") return "later";
      const made = await coordinator.create(EPOCH, JSON.stringify({ epoch: 0 }), { kind: "durable" });
      return made.ok || made.error.code === "exists" ? "again" : "later";
    }
    const { epoch, sign } = parseEpoch(read.value.data, read.value.version);
    // The nonce is of one session: what was asked in an earlier one, and comes late, must not make this one active.
    const own = `${nonce}/${session}`;
    if (sign === own) return this.#begin({ epoch, version: read.value.version });
    const text = JSON.stringify({ epoch: epoch + 1, id: record.id, sign: own });
    const replaced = await coordinator.replace(EPOCH, text, read.value.version);
    if (replaced.ok && coordinator.session.id === session)
      return this.#begin({ epoch: epoch + 1, version: replaced.value });
    // Of an unknown outcome, what is there then decides, by the sign.
    return !replaced.ok && replaced.error.code === "bad_version" ? "again" : "later";
  }

  #begin(reign: Reign): Step {
    if (this.#isStopped) return "wait";
    this.#reign = reign;
    this.#parts.onActive(reign);
    return "wait";
  }

  #stepDown(): void {
    if (this.#reign === undefined) return;
    this.#reign = undefined;
    this.#parts.onStandby();
  }

  /** Takes its own znode away, as far as that can be done now. */
  async #leave(): Promise<void> {
    const session = this.#parts.coordinator.session.id;
    const names = session === undefined ? undefined : await this.#names();
    const own = names?.ok ? await this.#own(names.value, session!) : undefined;
    if (own?.ok && own.value !== undefined) await this.#parts.coordinator.delete(`${MASTERS}/${own.value}`, 0);
  }

  /** Gives up the part in the election; the successor need not wait for the end of the session. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#endSession();
    this.#stepDown();
    await this.#leave();
  }
}

/** An epoch is never lower than the number of those before it, even if somebody has written nonsense: moves are named by it. */
function parseEpoch(text: string, version: number): { readonly epoch: number; readonly sign: string } {
  let value: { readonly epoch?: unknown; readonly sign?: unknown } | null;
  try {
    value = JSON.parse(text) as { readonly epoch?: unknown };
  } catch {
    value = null;
  }
  const { epoch, sign } = value ?? {};
  return {
    epoch: Number.isSafeInteger(epoch) ? Math.max(epoch as number, version) : version,
    sign: typeof sign === "string" ? sign : "",
  };
}
