import { drawMicros } from "./chance.ts";
import type { GroupProcess } from "./groupProcess.ts";

/** What a read has shown, or that somebody else has to be asked. */
export type ReadReply = (value: number | undefined) => void;

interface Held {
  readonly key: number;
  readonly until: number;
  readonly epoch: number;
  readonly wasPrimary: boolean;
  readonly reply: ReadReply;
}

/** Reads of one process: at the primary R12, at a secondary R13; what they show is committed. */
export class Reads {
  #held: Held[] = [];
  readonly #process: GroupProcess;

  constructor(process: GroupProcess) {
    this.#process = process;
  }

  read(key: number, reply: ReadReply): void {
    const process = this.#process;
    const { replica, world, node } = process;
    const { rules } = world;
    if (!replica.mayServe(node.now())) return reply(undefined);
    if (replica.role !== "primary" && !rules.commitByPrimary) return this.#inferred(key, reply);
    const until = process.pendingOf(key);
    if (!rules.answerCommitted && replica.role !== "primary") {
      return this.#answer(process.valueAt(key, process.log.lastSeq), reply);
    }
    const holds = replica.role === "primary" ? world.plan.primaryHolds : rules.holdUndecided;
    if (until === 0 || !holds) return this.#evaluate(key, reply);
    world.count("reads held");
    this.#held.push({ key, until, epoch: replica.epoch, wasPrimary: replica.role === "primary", reply });
  }

  /** The value is read at once, or asynchronously: then the lease has to be there when it is. */
  #evaluate(key: number, reply: ReadReply): void {
    const process = this.#process;
    const { world, replica, node } = process;
    if (!world.prng.chance(1, 4)) return this.#answer(process.state.get(key) ?? 0, reply);
    const { epoch } = replica;
    const isEarly = world.prng.chance(1, 2) && world.toyRules.leaseAfterRead;
    const early = process.state.get(key) ?? 0;
    const micros = drawMicros(world.prng, 3);
    world.scheduler.after(micros, undefined, "value read", () =>
      node.run(process, () => {
        const value = isEarly ? early : (process.state.get(key) ?? 0);
        if (!world.toyRules.leaseAfterRead) return this.#answer(value, reply);
        if (replica.epoch !== epoch || !replica.mayServe(node.now())) return reply(undefined);
        this.#answer(value, reply);
      }),
    );
  }

  #answer(value: number, reply: ReadReply): void {
    this.#process.world.served(this.#process);
    reply(value);
  }

  /** A sabotage: what all members have is taken for committed. */
  #inferred(key: number, reply: ReadReply): void {
    const process = this.#process;
    let upTo = process.replica.durableSeq as number;
    for (const member of [process.replica.configuration!.primary, ...process.replica.configuration!.secondaries]) {
      const other = process.world.nodes.find((node) => node.id === member.id)?.process;
      upTo = Math.min(upTo, other?.replica.durableSeq ?? 0);
    }
    const until = process.pendingOf(key);
    if (until > upTo) return reply(undefined);
    this.#answer(process.valueAt(key, Math.max(upTo, process.commitPoint)), reply);
  }

  /** Answers what waited for what is committed now, and lets others answer what waited in another epoch or role. */
  release(): void {
    if (this.#held.length === 0) return;
    const { replica, node, commitPoint, world } = this.#process;
    const held = this.#held;
    this.#held = [];
    for (const each of held) {
      const isPrimary = replica.role === "primary";
      const isSameRole = isPrimary === each.wasPrimary && (isPrimary || each.epoch === replica.epoch);
      if (!isSameRole && world.toyRules.holdPerEpoch) each.reply(undefined);
      else if (each.until > commitPoint) this.#held.push(each);
      else if (!replica.mayServe(node.now()) && world.toyRules.leaseAfterHold) each.reply(undefined);
      else this.#evaluate(each.key, each.reply);
    }
  }

  end(): void {
    for (const { reply } of this.#held) reply(undefined);
    this.#held = [];
  }
}
