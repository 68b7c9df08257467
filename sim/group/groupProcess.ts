import { type Seq, seq } from "../../src/base/ids.ts";
import type { Prng } from "../../src/base/prng.ts";
import type { Configuration, Member } from "../../src/core/replica/configuration.ts";
import type { Effect } from "../../src/core/replica/effect.ts";
import { GroupReplica } from "../../src/core/replica/groupReplica.ts";
import type { LogRecord, Message } from "../../src/core/replica/message.ts";
import { drawMicros } from "./chance.ts";
import type { GroupNode } from "./groupNode.ts";
import type { GroupWorld } from "./groupWorld.ts";
import type { ToyState } from "./nodeDisk.ts";
import { Reads } from "./reads.ts";
import { BARRIER_KEY, type Entry, encodeEntries, type ToyLog } from "./toyLog.ts";

export type WriteOutcome = "ok" | "refused" | "unknown";

const RECORDS_READ_MAX = 8;

/** One process of a machine: the replica, and in the plainest way all that it needs around it. */
export class GroupProcess {
  readonly replica: GroupReplica;
  readonly node: GroupNode;
  readonly world: GroupWorld;
  readonly log: ToyLog;
  /** What is committed. */
  state: ToyState;
  readonly reads: Reads;
  alive = true;
  /** It was told to stop, and hands over or leaves first. */
  stopping = false;
  readonly #prng: Prng;
  #committed: Seq;
  /** Evaluated, and not handed to the log. */
  #proposed: Entry[] = [];
  #flushIsDue = false;
  #waiting = new Map<number, { readonly op: number; readonly reply: (outcome: WriteOutcome) => void }>();

  constructor(node: GroupNode, world: GroupWorld, bootName: string) {
    const { disk } = node;
    this.node = node;
    this.world = world;
    this.#prng = world.prng.fork(`process ${node.id} ${bootName}`);
    this.log = disk.log.copy();
    this.state = new Map(disk.state);
    this.#committed = disk.applied;
    this.reads = new Reads(this);
    this.replica = new GroupReplica(
      {
        self: { id: node.id, incarnation: disk.incarnation },
        times: world.plan.times,
        rules: world.rules,
        runs: this.log.runs(),
        lastSeq: this.log.lastSeq,
        applied: disk.applied,
        bootName,
        mayFound: true,
      },
      node.now(),
    );
  }

  get member(): Member {
    return this.replica.self;
  }

  get commitPoint(): Seq {
    return this.#committed;
  }

  start(): void {
    this.act((now) => this.replica.start(now));
    this.#tick();
    this.#maintain();
  }

  /** Lets the replica hear of something, and sees to what follows. */
  act(run: (now: number) => void): void {
    if (!this.alive) return;
    run(this.node.now());
    for (let effects = this.replica.takeEffects(); effects.length > 0; effects = this.replica.takeEffects()) {
      for (const effect of effects) if (this.alive) this.#perform(effect);
    }
  }

  /** The same some time later, if the process is there and not stopped. */
  later(micros: number, label: string, run: (now: number) => void): void {
    this.world.scheduler.after(micros, undefined, label, () => this.node.run(this, () => this.act(run)));
  }

  #tick(): void {
    const { times, tickMillis } = this.world.plan;
    this.later(Math.min(tickMillis, times.beaconMillis / 3) * 1000, "tick", (now) => {
      this.replica.tick(now);
      this.#tick();
    });
  }

  /** Now and then the store takes up what is committed, and the log forgets what the store has. */
  #maintain(): void {
    this.later(drawMicros(this.#prng, this.world.plan.flushMillis), "maintenance", () => {
      const { keptEntries } = this.world.plan;
      const low = Math.min(this.#committed - keptEntries, this.replica.neededBehind);
      this.node.disk.flush(new Map(this.state), this.#committed, seq(low));
      const upTo = this.log.cut(seq(Math.min(this.node.disk.applied, low)));
      this.replica.cut(upTo);
      this.#maintain();
    });
  }

  receive(from: Member, message: Message): void {
    this.world.trace(() => `${this.node.id} hears ${from.id}: ${JSON.stringify(message)}`);
    this.act((now) => this.replica.receive(from, message, now));
  }

  configurationSeen(configuration: Configuration): void {
    this.act((now) => {
      if (configuration.epoch > this.replica.epoch) this.replica.configurationSeen(configuration, now);
      else this.replica.confirmed(configuration);
    });
  }

  #perform(effect: Effect): void {
    const { node, world, replica, log } = this;
    if (effect.kind !== "send") world.trace(() => `${node.id} ${JSON.stringify(effect)}`);
    switch (effect.kind) {
      case "send":
        return world.send(this, effect.to, effect.message);
      case "write":
        log.append(effect.record);
        world.appended(this, effect.record);
        return this.#write(effect.record, effect.generation);
      case "truncate":
        world.truncating(this, effect.after);
        log.truncate(effect.after);
        return node.disk.truncate(effect.after);
      case "readLog":
        return this.#readLog(effect.to, effect.from, effect.ticket);
      case "propose":
        return world.register.compareAndSet(node.index, effect.proposal, (outcome, version) =>
          node.run(this, () =>
            this.act((now) => replica.proposalEnded(effect.proposal.configuration, version, outcome, now)),
          ),
        );
      case "readConfiguration":
        return world.register.read(node.index, (configuration) =>
          node.run(this, () => this.act((now) => replica.configurationRead(configuration, now))),
        );
      case "commit":
        return this.#commit();
      case "role":
        return this.#roleChanged();
      case "openEpoch":
        return this.#openEpoch();
      case "fetchSnapshot":
        return world.fetchSnapshot(this, effect.from, effect.attempt);
      case "discard":
        return this.#discard();
    }
  }

  #write(record: LogRecord, generation: number): void {
    const persisted = () =>
      this.act((now) => {
        this.replica.persisted(record.lastSeq, generation, now);
        if (!this.world.toyRules.acknowledgesCommitted) this.#acknowledge(record.lastSeq);
      });
    if (this.world.plan.durability === "memory") {
      this.node.disk.write(record, () => undefined);
      this.later(0, "in memory", (now) => this.replica.persisted(record.lastSeq, generation, now));
    } else this.node.disk.write(record, () => this.node.run(this, persisted));
  }

  #readLog(to: string, from: Seq, ticket: number): void {
    const read = this.log.read(from, RECORDS_READ_MAX);
    this.later(drawMicros(this.#prng, this.world.plan.readMillis), "log read", () =>
      this.replica.recordsRead(to, ticket, read),
    );
  }

  #commit(): void {
    const { commitPoint } = this.replica;
    const from = this.#committed + 1;
    this.world.committed(this, from, commitPoint);
    for (const { key, op } of this.log.entries(from, commitPoint)) this.state.set(key, op);
    this.#committed = commitPoint;
    if (this.replica.role === "primary") {
      this.#acknowledge(commitPoint);
    }
    this.reads.release();
  }

  /** Clients hear of their writes up to this one. */
  #acknowledge(upTo: Seq): void {
    for (const [at, { reply }] of this.#waiting) {
      if (at > upTo) break;
      this.#waiting.delete(at);
      reply("ok");
    }
  }

  #roleChanged(): void {
    const { replica, node, world } = this;
    world.roleChanged(this);
    if (replica.role !== "primary") {
      for (const { reply } of this.#waiting.values()) reply("unknown");
      this.#waiting.clear();
    }
    this.reads.release();
    if (this.stopping && replica.role === "outside") node.stop(true);
  }

  #discard(): void {
    this.#proposed = [];
  }

  #openEpoch(): void {
    const { replica, world } = this;
    const { epoch } = replica;
    if (!world.toyRules.keepStamps) this.#restamp();
    const open = (now: number) => {
      if (replica.role !== "primary" || replica.epoch !== epoch || replica.primary?.barrier !== undefined) return;
      const barrier = replica.propose();
      this.#proposed.push({ key: BARRIER_KEY, op: epoch });
      replica.epochOpened(barrier, now);
      this.#flush();
    };
    if (this.#prng.chance(1, 2)) open(this.node.now());
    else this.later(drawMicros(this.#prng, 2), "open epoch", open);
  }

  /** A sabotage: what is not committed is called the new primary's own. */
  #restamp(): void {
    const { log, replica } = this;
    const { epoch, commitPoint, logRuns } = replica;
    const restamped = log.records.filter((record) => record.lastSeq > commitPoint && record.epoch < epoch);
    if (restamped.length === 0) return;
    logRuns.truncate(seq(restamped[0]!.firstSeq - 1));
    log.records = log.records.map((record) => (restamped.includes(record) ? { ...record, epoch } : record));
    for (const record of restamped) logRuns.append(epoch, record.lastSeq);
    this.node.disk.log = log.copy();
  }

  /** Hands what was evaluated to the log, as one record. */
  #flush(): void {
    const { replica, log } = this;
    this.#flushIsDue = false;
    if (this.#proposed.length === 0 || replica.role !== "primary") return;
    const firstSeq = seq(replica.appendedSeq + 1);
    const lastSeq = seq(replica.appendedSeq + this.#proposed.length);
    const record = { epoch: replica.epoch, firstSeq, lastSeq, bytes: encodeEntries(this.#proposed) };
    this.#proposed = [];
    log.append(record);
    this.world.appended(this, record);
    replica.appended(record);
    this.#write(record, replica.generation);
  }

  // Clients

  write(op: number, key: number, reply: (outcome: WriteOutcome) => void): void {
    const { replica } = this;
    if (!replica.mayEvaluate || this.stopping) return reply("refused");
    const at = replica.propose();
    this.#proposed.push({ key, op });
    this.#waiting.set(at, { op, reply });
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    this.later(this.#prng.below(1_000), "flush", () => this.#flush());
  }

  /** Newest entry of a key that is not decided, or 0. */
  pendingOf(key: number): number {
    let newest = 0;
    for (const entry of this.log.entries(this.#committed + 1, this.log.lastSeq))
      if (entry.key === key) newest = entry.seq;
    const { appendedSeq } = this.replica;
    this.#proposed.forEach((entry, i) => {
      if (entry.key === key) newest = appendedSeq + 1 + i;
    });
    return newest;
  }

  /** The newest op of a key among the entries up to `upTo`, which need not be committed. */
  valueAt(key: number, upTo: number): number {
    let value = this.state.get(key) ?? 0;
    for (const entry of this.log.entries(this.#committed + 1, upTo)) if (entry.key === key) value = entry.op;
    return value;
  }

  // Stopping, and snapshots

  /** Hands over or leaves, and ends when it is no member any more. */
  stopSoon(): void {
    this.stopping = true;
    this.act(() => {
      const { role } = this.replica;
      if (role === "primary") this.replica.handOver(undefined, false);
      else if (role === "secondary") this.replica.leave();
      else this.node.stop(true);
    });
  }

  /** A snapshot has arrived. */
  replaceWith(log: ToyLog, state: ToyState): void {
    this.log.restart(log.baseSeq, log.baseEpoch);
    this.state = new Map(state);
    this.#committed = log.baseSeq;
    this.node.disk.replace(log.copy(), new Map(state), log.baseSeq);
    this.replica.snapshotEnded({ seq: log.baseSeq, epoch: log.baseEpoch });
  }

  end(): void {
    this.alive = false;
    for (const { reply } of this.#waiting.values()) reply("unknown");
    this.#waiting.clear();
    this.reads.end();
  }
}
