import type { Prng } from "../../src/base/prng.ts";
import type { Configuration, ConfigurationData } from "../../src/core/replica/configuration.ts";
import type { Proposal, ProposalOutcome } from "../../src/core/replica/effect.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import { drawMicros } from "./chance.ts";

export interface RegisterOptions {
  readonly latencyMillis: number;
  readonly lostRequestPerMille: number;
  readonly lostReplyPerMille: number;
  /** A request whose client has given up is applied later. */
  readonly latePerMille: number;
  readonly lateMillis: number;
  /** How old what a read shows may be. */
  readonly lagMillis: number;
  readonly lateWatchPerMille: number;
}

/** Until a client of the register gives up waiting for an answer. */
const TIMEOUT_MILLIS = 60;

export type SessionCut = "requests" | "replies" | "both";

/** The group's znode: a configuration with a version, read and compared-and-set from a distance. */
export class Register {
  options: RegisterOptions;
  /** Told when there is another configuration, for one of the machines at a time. */
  onWatch: (node: number, configuration: Configuration) => void = () => undefined;
  onInstalled: (configuration: Configuration) => void = () => undefined;
  /** Replaces whatever is there: a sabotage. */
  ignoresVersion = false;
  installed = 0;
  readonly #scheduler: Scheduler;
  readonly #prng: Prng;
  readonly #nodes: number;
  readonly #cuts = new Map<number, { until: number; what: SessionCut }>();
  #history: { at: number; value: Configuration }[] = [];

  constructor(scheduler: Scheduler, prng: Prng, options: RegisterOptions, nodes: number) {
    this.#scheduler = scheduler;
    this.#prng = prng;
    this.options = options;
    this.#nodes = nodes;
  }

  get value(): Configuration | undefined {
    return this.#history[this.#history.length - 1]?.value;
  }

  cut(node: number, micros: number, what: SessionCut): void {
    this.#cuts.set(node, { until: this.#scheduler.nowMicros + micros, what });
  }

  heal(): void {
    this.#cuts.clear();
    this.options = { ...this.options, lostRequestPerMille: 0, lostReplyPerMille: 0, latePerMille: 0, lagMillis: 0 };
  }

  /** Replaces the configuration at once, as the coordinator's own clients do. */
  replace(data: ConfigurationData, version: number | undefined): boolean {
    if (this.value?.version !== version && !this.ignoresVersion) return false;
    const value = { ...data, version: (this.value?.version ?? 0) + 1 };
    this.#history.push({ at: this.#scheduler.nowMicros, value });
    if (this.#history.length > 50) this.#history.shift();
    this.installed++;
    this.onInstalled(value);
    for (let node = 0; node < this.#nodes; node++) this.#watch(node, value);
    return true;
  }

  /** Says once more how far the log has come, for the same epoch. */
  confirm(): void {
    const { value } = this;
    if (value !== undefined) this.replace({ ...value, logEnd: value.logEnd + 1 }, value.version);
  }

  #watch(node: number, value: Configuration): void {
    const isLate = this.#isCut(node, "replies") || this.#prng.chance(this.options.lateWatchPerMille, 1000);
    const micros = drawMicros(this.#prng, isLate ? 150 : 2);
    this.#scheduler.after(micros, undefined, "watch", () => this.onWatch(node, value));
  }

  compareAndSet(
    node: number,
    { configuration, version }: Proposal,
    done: (outcome: ProposalOutcome, version: number) => void,
  ) {
    const { options } = this;
    const giveUp = () => {
      const micros = TIMEOUT_MILLIS * 1000 + drawMicros(this.#prng, 20);
      this.#scheduler.after(micros, undefined, "no answer", () => done("unknown", 0));
    };
    if (this.#isCut(node, "requests") || this.#prng.chance(options.lostRequestPerMille, 1000)) return giveUp();
    const isLate = this.#prng.chance(options.latePerMille, 1000);
    if (isLate) giveUp();
    const micros = drawMicros(this.#prng, isLate ? options.lateMillis : options.latencyMillis);
    this.#scheduler.after(micros, undefined, "compare and set", () => {
      const isInstalled = this.replace(configuration, version);
      const installed = this.value?.version ?? 0;
      if (isLate) return;
      if (this.#isCut(node, "replies") || this.#prng.chance(options.lostReplyPerMille, 1000)) return giveUp();
      this.#scheduler.after(drawMicros(this.#prng, options.latencyMillis), undefined, "answer", () =>
        done(isInstalled ? "installed" : "refused", installed),
      );
    });
  }

  /** Nothing is answered if the session is cut. */
  read(node: number, done: (configuration: Configuration | undefined) => void): void {
    if (this.#isCut(node, "requests")) return;
    this.#scheduler.after(drawMicros(this.#prng, this.options.latencyMillis), undefined, "read", () => {
      const seen = this.#asOf(this.#scheduler.nowMicros - this.#prng.below(this.options.lagMillis * 1000 + 1));
      if (this.#isCut(node, "replies")) return;
      this.#scheduler.after(drawMicros(this.#prng, this.options.latencyMillis), undefined, "was read", () =>
        done(seen),
      );
    });
  }

  #asOf(micros: number): Configuration | undefined {
    let seen: Configuration | undefined;
    for (const { at, value } of this.#history) if (at <= micros || this.#history[0]!.value === value) seen = value;
    return seen;
  }

  #isCut(node: number, direction: "requests" | "replies"): boolean {
    const cut = this.#cuts.get(node);
    return (
      cut !== undefined && cut.until > this.#scheduler.nowMicros && (cut.what === direction || cut.what === "both")
    );
  }
}
