import { ByteWriter } from "../../base/byteWriter.ts";
import { Queue } from "../../base/queue.ts";
import { openSession, type Session } from "../../core/command/session.ts";
import { AnswerWriter } from "../../worker/api/answerWriter.ts";
import { KvArgs } from "../../worker/api/kvArgs.ts";
import { errorOfRefusal, type KvError } from "../../worker/api/kvError.ts";
import { GET, type KvRequest, SCAN } from "../../worker/api/kvRequest.ts";
import type { Client, ClientSink, Output } from "../../worker/client.ts";
import type { KvBackend } from "./kvBackend.ts";

const MINUS = 45;
/** So many requests of one stream may be held up each by something of its own; what comes then waits for one of them. */
const LANES_MAX = 512;
/** A replica is waited for so long to come as far as a reader wants it. */
const BEHIND_MILLIS_MAX = 5_000;
/** So often is looked whether it has; and no deadline is looked for more often. */
const LOOK_MILLIS = 2;
/** A timer takes no more than 24 days, and a deadline may be later. */
const LOOK_MILLIS_MAX = 60_000;
const EVENTUAL = 1;
/** In the slow log. */
const COMMAND_NAME = "kv";

/** One request under way. */
export interface KvJob {
  readonly request: KvRequest;
  /** The call's, with which it is answered. */
  readonly id: number;
  /** Monotonic clock, milliseconds; infinite for none. */
  readonly deadline: number;
  /** Takes the answer: a message `CallsReply` with it, short ones as latin1. Called once. */
  answered(reply: Output): void;
  isOver: boolean;
}

const writer = new AnswerWriter();

/** A message `CallsReply` with the refusal of one call. */
export function refusalOf(id: number, error: KvError): Uint8Array {
  const out = new ByteWriter(256);
  writer.refuse(out, id, error);
  return out.slice();
}

function isRead({ method }: KvRequest): boolean {
  return method === GET || method === SCAN;
}

/**
 * Brings requests to the executor, which takes those of one client one after another: whatever is held up there keeps only what is in
 * its own lane waiting. Reads are not kept waiting by writes that came before them, unless they see what those wrote.
 */
export class KvLanes {
  readonly backend: KvBackend;
  readonly #address: string;
  readonly #lanes = new Set<KvLane>();
  /** Those that were used last: one for reads, one for writes. */
  #reading: KvLane | undefined;
  #writing: KvLane | undefined;
  /** The node executes nothing at present, or every lane is held up. */
  #queue: KvJob[] = [];
  /** Reads that want more than is here. */
  #behind: { readonly job: KvJob; readonly seq: number; readonly until: number }[] = [];
  /** No call under way is late before. Most are answered long before: they are not gone through until one may be. */
  #firstDeadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #lookAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(backend: KvBackend, address: string) {
    this.backend = backend;
    this.#address = address;
  }

  /** Requests begin to arrive. */
  beginTurn(): void {
    this.backend.executor.beginTurn();
  }

  /** `now` on the monotonic clock. */
  submit(job: KvJob, now: number): void {
    const { request } = job;
    const { start, end } = request.atLeast;
    if (job.deadline < this.#firstDeadline) {
      this.#firstDeadline = job.deadline;
      this.#lookBy(job.deadline);
    }
    if (end > start) {
      const seq = this.backend.positions.seqOf(request.bytes, start, end);
      if (seq === null) {
        const message = "at_least: this is no position";
        return this.refuse(job, { code: "invalidArgument", reason: "invalidField", message, field: "at_least" });
      }
      if (seq !== undefined && seq > this.backend.settledSeq()) {
        this.#behind.push({ job, seq, until: Math.min(job.deadline, now + BEHIND_MILLIS_MAX) });
        return this.#lookBy(now + LOOK_MILLIS);
      }
    }
    if (this.#queue.length > 0 || !this.#run(job, now)) this.#queue.push(job);
  }

  /** False if it has to wait. */
  #run(job: KvJob, now: number): boolean {
    if (job.isOver) return true;
    if (now >= job.deadline) {
      this.refuse(job, EXPIRED);
      return true;
    }
    const lane = this.#laneFor(job.request);
    if (lane === undefined) return false;
    if (!this.backend.executor.mayExecute(lane.client)) {
      this.backend.executor.awaitNode(lane.client);
      return false;
    }
    lane.run(job);
    return true;
  }

  #laneFor(request: KvRequest): KvLane | undefined {
    const reads = isRead(request);
    const last = reads ? this.#reading : this.#writing;
    if (last !== undefined && last.client.postponed === undefined) return last;
    const lane = this.#freeLane(reads);
    if (reads) this.#reading = lane;
    else this.#writing = lane;
    return lane;
  }

  #freeLane(reads: boolean): KvLane | undefined {
    for (const lane of this.#lanes) if (lane.reads === reads && lane.client.postponed === undefined) return lane;
    if (this.#lanes.size >= LANES_MAX) return undefined;
    const lane = new KvLane(this, reads, this.#session());
    this.#lanes.add(lane);
    return lane;
  }

  #session(): Session {
    const session = openSession({
      id: 0,
      address: this.#address,
      localAddress: "",
      createdAt: Date.now(),
      protocol: 2,
      authenticated: true,
    });
    session.libraryName = "grpc";
    // Its requests go no further: whoever asks at the wrong place is told the right one.
    session.isForwarded = true;
    session.readOnly = true;
    return session;
  }

  /** What was queued goes on. */
  goOn(): void {
    if (this.#isClosed || this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    const now = performance.now();
    this.beginTurn();
    for (let i = 0; i < queue.length; i++) {
      if (this.#run(queue[i]!, now)) continue;
      this.#queue = queue.slice(i).concat(this.#queue);
      return;
    }
  }

  answer(job: KvJob, reply: Output): void {
    if (job.isOver) return;
    job.isOver = true;
    job.answered(reply);
  }

  refuse(job: KvJob, error: KvError): void {
    this.answer(job, refusalOf(job.id, error));
  }

  /** The answer is not wanted any more. What was not evaluated is not going to be. */
  cancel(job: KvJob, isLate = false): void {
    if (job.isOver) return;
    let isHeld = true;
    for (const lane of this.#lanes) if (lane.isEvaluated(job)) isHeld = false;
    const code = isLate ? "deadlineExceeded" : "cancelled";
    const words = isLate ? "the call's deadline has passed" : "the call was cancelled";
    if (isHeld) {
      for (const lane of this.#lanes) lane.withdraw(job);
      this.refuse(job, { code, reason: "notExecuted", message: `${words}; it was not executed` });
      this.#queue = this.#queue.filter((each) => each !== job);
    } else this.refuse(job, { code, reason: "unknown", message: `${words}; it was executed, and may be committed` });
    setImmediate(() => this.goOn());
  }

  lost(lane: KvLane): void {
    this.#lanes.delete(lane);
    if (lane === this.#reading) this.#reading = undefined;
    if (lane === this.#writing) this.#writing = undefined;
  }

  /** Nobody hears any more of what is under way. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue = [];
    this.#behind = [];
    for (const lane of this.#lanes) lane.close();
    this.#lanes.clear();
    this.#reading = undefined;
    this.#writing = undefined;
  }

  #lookBy(at: number): void {
    if (this.#isClosed || at >= this.#lookAt) return;
    clearTimeout(this.#timer);
    this.#lookAt = at;
    const millis = Math.min(LOOK_MILLIS_MAX, Math.max(LOOK_MILLIS, at - performance.now()));
    this.#timer = setTimeout(() => this.#look(), millis);
  }

  #look(): void {
    this.#timer = undefined;
    this.#lookAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    if (now >= this.#firstDeadline) this.#endLate(now);
    if (this.#behind.length > 0) this.#lookBehind(now);
    if (Number.isFinite(this.#firstDeadline)) this.#lookBy(this.#firstDeadline);
    if (this.#behind.length > 0) this.#lookBy(now + LOOK_MILLIS);
  }

  #endLate(now: number): void {
    this.#firstDeadline = Number.POSITIVE_INFINITY;
    for (const job of this.#underWay()) {
      if (now >= job.deadline) this.cancel(job, true);
      else this.#firstDeadline = Math.min(this.#firstDeadline, job.deadline);
    }
  }

  #underWay(): KvJob[] {
    const jobs = [...this.#queue, ...this.#behind.map(({ job }) => job)];
    for (const lane of this.#lanes) jobs.push(...lane.underWay);
    return jobs.filter(({ isOver }) => !isOver);
  }

  #lookBehind(now: number): void {
    const behind = this.#behind;
    this.#behind = [];
    this.beginTurn();
    for (const each of behind) {
      if (each.job.isOver) continue;
      if (each.seq <= this.backend.settledSeq()) {
        if (this.#queue.length > 0 || !this.#run(each.job, now)) this.#queue.push(each.job);
      } else if (now >= each.until) this.refuse(each.job, now >= each.job.deadline ? EXPIRED : BEHIND);
      else this.#behind.push(each);
    }
  }
}

const EXPIRED: KvError = {
  code: "deadlineExceeded",
  reason: "notExecuted",
  message: "the call's deadline has passed; it was not executed",
};
const BEHIND: KvError = {
  code: "unavailable",
  reason: "notReady",
  message: "this replica has not come as far as at_least; ask another",
  retryAfterMillis: 100,
};

/** One client of the executor, as which requests are executed one after another, and answered in that order. */
class KvLane implements ClientSink {
  readonly client: Client;
  readonly reads: boolean;
  readonly #lanes: KvLanes;
  readonly #jobs = new Queue<KvJob>();
  readonly #args = new KvArgs();

  constructor(lanes: KvLanes, reads: boolean, session: Session) {
    this.#lanes = lanes;
    this.reads = reads;
    const { executor, table } = lanes.backend;
    this.client = executor.connect(session, this, table);
  }

  run(job: KvJob): void {
    const { executor } = this.#lanes.backend;
    const { request, id } = job;
    this.client.session.consistency = request.consistency === EVENTUAL ? "eventual" : "linearizable";
    this.#jobs.push(job);
    this.#args.fill(request, id, COMMAND_NAME);
    executor.run(this.client, this.#args);
    this.#args.forget();
    executor.finish(this.client);
  }

  /** What is not answered yet. */
  get underWay(): readonly KvJob[] {
    return this.#jobs.toArray();
  }

  /** It is executed; its answer waits for its commit. */
  isEvaluated(job: KvJob): boolean {
    return this.#jobs.toArray().includes(job) && job !== this.#postponed;
  }

  /** It came last, and is not executed yet. */
  get #postponed(): KvJob | undefined {
    return this.client.postponed === undefined ? undefined : this.#jobs.last;
  }

  /** Takes back a request that was not executed. */
  withdraw(job: KvJob): void {
    const { client } = this;
    if (this.#postponed !== job) return;
    this.#jobs.pop();
    client.postponed = undefined;
    client.heldSince = undefined;
    client.awaits = 0;
  }

  send(output: Output): void {
    const job = this.#jobs.shift()!;
    if (job.isOver) return;
    const isText = typeof output === "string";
    if ((isText ? output.charCodeAt(0) : output[0]) !== MINUS) {
      this.#lanes.answer(job, output);
      return;
    }
    const text = (isText ? output : Buffer.from(output).toString("latin1")).slice(1).trimEnd();
    this.#lanes.refuse(job, errorOfRefusal(text, this.#lanes.backend.owners));
  }

  end(): void {
    this.destroy();
  }

  /** The executor gives it up: nobody will know what became of what it has begun. */
  destroy(): void {
    this.#lanes.lost(this);
    const postponed = this.#postponed;
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift())
      this.#lanes.refuse(job, this.reads || job === postponed ? STOPPED : FATE_UNKNOWN);
    this.close();
  }

  resume(): void {
    process.nextTick(() => this.#lanes.goOn());
  }

  close(): void {
    this.#lanes.backend.executor.disconnect(this.client);
  }
}

const STOPPED: KvError = {
  code: "unavailable",
  reason: "notReady",
  message: "the node has given up this connection; nothing was executed",
  retryAfterMillis: 100,
};
const FATE_UNKNOWN: KvError = {
  code: "unknown",
  reason: "fateUnknown",
  message: "the primary has changed before this was committed; whether it is kept is not known here",
};
