import { BARRIER_KEY, type Entry, encodeEntries, ToyLog } from "../../../sim/group/toyLog.ts";
import { epoch, type Seq, seq } from "../../../src/base/ids.ts";
import type { Configuration, ConfigurationData } from "../../../src/core/replica/configuration.ts";
import { minReplicasFor } from "../../../src/core/replica/configuration.ts";
import type { Effect, Proposal } from "../../../src/core/replica/effect.ts";
import { GroupReplica } from "../../../src/core/replica/groupReplica.ts";
import type { LogRecord, Message } from "../../../src/core/replica/message.ts";
import { ALL_RULES, type ReplicaRules } from "../../../src/core/replica/rules.ts";
import { REPLICA_TIMES, type ReplicaTimes } from "../../../src/core/replica/times.ts";
import { effectText, messageText } from "./stageText.ts";

interface OnItsWay {
  readonly from: Actor;
  readonly to: string;
  readonly message: Message;
}

/** A replica on a stage, with a log that is on disk when the script says so. */
class Actor {
  replica!: GroupReplica;
  readonly id: string;
  incarnation = 1;
  boots = 0;
  /** What a restart finds. */
  disk = new ToyLog();
  applied: Seq = seq(0);
  log = new ToyLog();
  writes: { readonly record: LogRecord; readonly generation: number }[] = [];
  proposed: Entry[] = [];

  constructor(id: string) {
    this.id = id;
  }
}

/**
 * Replicas whose messages, disks and coordinator answer when a script says so; everything that happens is written down. One
 * clock for all.
 */
export class Stage {
  now = 1_000;
  readonly times: ReplicaTimes;
  readonly rules: ReplicaRules;
  readonly lines: string[] = [];
  readonly actors = new Map<string, Actor>();
  configuration: Configuration | undefined;
  /** Messages that this matches stay where they are. */
  holdsBack: (from: string, to: string, message: Message) => boolean = () => false;
  /** The coordinator does what it is asked, and nobody hears of it. */
  losesReplies = false;
  /** Nobody's entries are on disk before this is false again. */
  disksAreSlow = false;
  /** The state takes its time to come up to the end of the log. */
  opensLate = false;
  #onItsWay: OnItsWay[] = [];
  #asked: (() => void)[] = [];
  readonly #gone = new Map<string, Actor>();
  #op = 0;

  constructor(rules: Partial<ReplicaRules> = {}, times: Partial<ReplicaTimes> = {}) {
    this.rules = { ...ALL_RULES, ...rules };
    this.times = { ...REPLICA_TIMES, ...times };
  }

  /** A group of these members, started and settled; the first is the primary. */
  static group(...ids: string[]): Stage {
    return new Stage().begin(...ids);
  }

  /** Founds a group of these members on the empty stage and lets it settle; the first is the primary. */
  begin(...ids: string[]): Stage {
    const [primary, ...secondaries] = ids.map((id) => ({ id, incarnation: 1 }));
    const rest = { minReplicas: minReplicasFor(ids.length), eligible: [], nonce: "first", released: true, logEnd: 0 };
    this.configuration = { epoch: epoch(1), primary: primary!, secondaries, ...rest, reason: "first", version: 1 };
    for (const id of ids) this.start(id);
    this.settle();
    this.pass(700);
    return this;
  }

  actor(id: string): Actor {
    const found = this.actors.get(id) ?? this.#gone.get(id) ?? new Actor(id);
    this.#gone.delete(id);
    this.actors.set(id, found);
    return found;
  }

  replica(id: string): GroupReplica {
    return this.actor(id).replica;
  }

  /** A heading in the trace. */
  note(text: string): void {
    this.lines.push("", `# ${text}`);
  }

  /** Starts a process, or starts it again with what its disk has. */
  start(id: string): void {
    const actor = this.actor(id);
    this.#onItsWay = this.#onItsWay.filter((each) => each.from !== actor && each.to !== id);
    actor.log = actor.disk.copy();
    actor.writes = [];
    actor.proposed = [];
    actor.replica = new GroupReplica(
      {
        self: { id, incarnation: actor.incarnation },
        times: this.times,
        rules: this.rules,
        runs: actor.log.runs(),
        lastSeq: actor.log.lastSeq,
        applied: actor.applied,
        bootName: String(++actor.boots),
        mayFound: true,
      },
      this.now,
    );
    this.lines.push(`${id} starts with a log up to ${actor.log.lastSeq}`);
    this.act(id, (replica) => replica.start(this.now));
  }

  /** The process is gone; what was under way to it is lost. Its disk stays for the next start. */
  stop(id: string): void {
    this.lines.push(`${id} is gone`);
    this.#onItsWay = this.#onItsWay.filter((each) => each.to !== id);
    this.#gone.set(id, this.actor(id));
    this.actors.delete(id);
  }

  act(id: string, run: (replica: GroupReplica, now: number) => void): void {
    const actor = this.actor(id);
    run(actor.replica, this.now);
    for (let effects = actor.replica.takeEffects(); effects.length > 0; effects = actor.replica.takeEffects()) {
      for (const effect of effects) this.#perform(actor, effect);
    }
  }

  #perform(actor: Actor, effect: Effect): void {
    this.lines.push(`${actor.id} ${effectText(effect, actor.replica)}`);
    const { log, replica, id } = actor;
    switch (effect.kind) {
      case "send":
        this.#onItsWay.push({ from: actor, to: effect.to, message: effect.message });
        return;
      case "write":
        log.append(effect.record);
        actor.writes.push(effect);
        return;
      case "truncate":
        log.truncate(effect.after);
        actor.disk = log.copy();
        return;
      case "readLog": {
        const { to, from, ticket } = effect;
        this.#asked.push(() => this.act(id, () => replica.recordsRead(to, ticket, log.read(from, 100))));
        return;
      }
      case "propose":
        return this.#propose(actor, effect.proposal);
      case "readConfiguration":
        this.#asked.push(() => {
          this.act(id, (_, now) => replica.configurationRead(this.configuration, now));
        });
        return;
      case "openEpoch":
        if (this.opensLate) return;
        actor.proposed.push({ key: BARRIER_KEY, op: replica.epoch });
        replica.epochOpened(replica.propose(), this.now);
        return this.#flush(actor);
      case "fetchSnapshot": {
        const { from, attempt } = effect;
        this.#asked.push(() => this.act(id, () => this.#takeSnapshot(actor, from, attempt)));
        return;
      }
      case "discard":
        actor.proposed = [];
        return;
      default:
        return;
    }
  }

  #propose(actor: Actor, { configuration, version }: Proposal): void {
    const { losesReplies } = this;
    this.#asked.push(() => {
      const isCurrent = this.configuration?.version === version;
      if (isCurrent) this.install(configuration);
      const outcome = losesReplies ? "unknown" : isCurrent ? "installed" : "refused";
      this.lines.push(`the coordinator's answer to ${actor.id}: ${outcome}`);
      const installed = this.configuration?.version ?? 0;
      this.act(actor.id, (replica, now) => replica.proposalEnded(configuration, installed, outcome, now));
    });
  }

  #takeSnapshot(actor: Actor, from: string, attempt: number): void {
    const source = this.actor(from);
    if (!actor.replica.wantsSnapshot(attempt)) return;
    const at = source.replica.commitPoint;
    const atEpoch = source.replica.logRuns.epochAt(at)!;
    this.lines.push(`${actor.id} puts a snapshot of ${from} up to ${at} in place`);
    actor.log.restart(at, atEpoch);
    actor.disk = actor.log.copy();
    actor.applied = at;
    actor.replica.snapshotEnded({ seq: at, epoch: atEpoch });
  }

  /** The coordinator has another configuration now; nobody is told. */
  install(data: ConfigurationData): void {
    this.configuration = { ...data, version: (this.configuration?.version ?? 0) + 1 };
    const { primary, secondaries, reason } = data;
    const names = [primary, ...secondaries].map((member) => member.id).join(" ");
    this.lines.push(`the coordinator has epoch ${data.epoch}: ${names} (${reason})`);
  }

  /** Everybody hears of the present configuration. */
  watch(...ids: string[]): void {
    for (const id of ids) this.act(id, (replica) => replica.configurationSeen(this.configuration!, this.now));
  }

  /** Evaluates writes and hands them to the log as one record. */
  write(id: string, count = 1): void {
    const actor = this.actor(id);
    for (let i = 0; i < count; i++) {
      actor.replica.propose();
      actor.proposed.push({ key: 1, op: ++this.#op });
    }
    this.lines.push(`${id} evaluates ${count} up to ${actor.replica.lastSeq}`);
    this.#flush(actor);
    this.act(id, () => undefined);
  }

  #flush(actor: Actor): void {
    const { replica, proposed } = actor;
    const firstSeq = seq(replica.appendedSeq + 1);
    const lastSeq = seq(replica.appendedSeq + proposed.length);
    const record = { epoch: replica.epoch, firstSeq, lastSeq, bytes: encodeEntries(proposed) };
    actor.proposed = [];
    actor.log.append(record);
    replica.appended(record);
    actor.writes.push({ record, generation: replica.generation });
  }

  /** Writes that were begun are on disk. */
  persist(id: string): boolean {
    const actor = this.actor(id);
    const { writes } = actor;
    actor.writes = [];
    for (const { record, generation } of writes) {
      if (record.firstSeq === actor.disk.lastSeq + 1) actor.disk.append(record);
      this.lines.push(`${id} has ${record.lastSeq} on disk`);
      this.act(id, (replica, now) => replica.persisted(record.lastSeq, generation, now));
    }
    return writes.length > 0;
  }

  /** Delivers, persists and answers until nothing is left but what is held back. */
  settle(): void {
    for (let isBusy = true; isBusy; ) {
      isBusy = this.deliver();
      for (const ask of this.#asked.splice(0)) {
        ask();
        isBusy = true;
      }
      if (!this.disksAreSlow) for (const id of this.actors.keys()) isBusy = this.persist(id) || isBusy;
    }
  }

  /** Delivers what is on its way now. */
  deliver(): boolean {
    const arriving = this.#onItsWay.filter(({ from, to, message }) => !this.holdsBack(from.id, to, message));
    this.#onItsWay = this.#onItsWay.filter((each) => !arriving.includes(each));
    for (const { from, to, message } of arriving) this.#deliver(from, to, message);
    return arriving.length > 0;
  }

  #deliver(from: Actor, to: string, message: Message): void {
    if (!this.actors.has(to)) return;
    this.lines.push(`${to} <- ${from.id} ${messageText(message)}`);
    this.act(to, (replica, now) => replica.receive({ id: from.id, incarnation: from.incarnation }, message, now));
  }

  /** What is held back is lost. */
  lose(): void {
    this.#onItsWay = [];
  }

  /** Time goes by, in ticks of 50 ms, and everything settles after each. */
  pass(millis: number): void {
    for (let passed = 0; passed < millis; passed += 50) {
      this.now += 50;
      for (const id of [...this.actors.keys()]) this.act(id, (replica, now) => replica.tick(now));
      this.settle();
    }
  }
}
