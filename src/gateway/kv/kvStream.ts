import { performance } from "node:perf_hooks";
import { MalformedBytes } from "../../base/byteReader.ts";
import { NumberMap } from "../../base/numberMap.ts";
import { checkRequest } from "../../worker/api/kvCheck.ts";
import type { KvError } from "../../worker/api/kvError.ts";
import { type KvCall, type KvCalls, type KvRequest, readCalls } from "../../worker/api/kvRequest.ts";
import type { Output } from "../../worker/client.ts";
import type { CallsHandlers, CallsStream } from "./callsStream.ts";
import type { KvBackend } from "./kvBackend.ts";
import { type KvJob, KvLanes, refusalOf } from "./kvLanes.ts";

/** Calls of one stream that are not answered yet. */
const OPEN_MAX = 16_384;
/** Answers are sent when they have so many bytes, without waiting for others. */
const MESSAGE_BYTES = 512 * 1024;
/** While more than this waits for the client to take it, nothing more that it asks is executed. */
const UNSENT_BYTES_MAX = 4 << 20;

/** What is to come after the present callback: for a third of what `nextTick` takes. */
const turn = Promise.resolve();

const TOO_MANY: KvError = {
  code: "resourceExhausted",
  reason: "tooMany",
  message: `a stream has at most ${OPEN_MAX} calls under way; wait for answers`,
};

export function malformed(error: MalformedBytes): KvError {
  return { code: "invalidArgument", reason: "invalidField", message: `the message is malformed: ${error.message}` };
}

/** One stream of calls: what comes in one message is evaluated at once, and what is answered in one turn goes out in one message. */
export class KvStream implements CallsHandlers {
  readonly #stream: CallsStream;
  readonly #lanes: KvLanes;
  readonly #open = new NumberMap<KvJob>();
  readonly #deadline: number;
  #answers: Output[] = [];
  #answerBytes = 0;
  #isFlushing = false;
  /** Messages are coming; `onTurnEnd` comes after them. */
  #isInTurn = false;
  /** Calls that came and wait for the client to take answers to those before. */
  #waiting: readonly KvCall[] = [];
  #hasEnded = false;
  #isOver = false;
  readonly #onOver: () => void;
  readonly #flushNow = (): void => {
    this.#isFlushing = false;
    this.#flush();
  };

  constructor(backend: KvBackend, stream: CallsStream, deadline: number, onOver: () => void) {
    this.#stream = stream;
    this.#deadline = deadline;
    this.#onOver = onOver;
    this.#lanes = new KvLanes(backend, stream.peer);
    stream.begin(this);
  }

  /** The server stops. */
  end(): void {
    if (this.#isOver) return;
    this.#flush();
    this.#close();
    this.#stream.end();
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#endIfDone();
  }

  onClosed(): void {
    this.#close();
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isOver) return;
    this.#isInTurn = true;
    let read: KvCalls;
    try {
      read = readCalls(bytes, start, end);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      return this.#fail(malformed(error));
    }
    this.#waiting = this.#waiting.length === 0 ? read.calls : [...this.#waiting, ...read.calls];
    this.#takeWaiting();
    for (const id of read.cancelled) {
      const job = this.#open.get(id);
      if (job !== undefined) this.#lanes.cancel(job);
    }
  }

  #takeWaiting(): void {
    const calls = this.#waiting;
    this.#lanes.beginTurn();
    const now = performance.now();
    let taken = 0;
    while (taken < calls.length && !this.#isFull) {
      this.#take(calls[taken++]!, now);
      if (this.#isOver) return;
    }
    this.#waiting = taken === calls.length ? [] : calls.slice(taken);
    if (this.#waiting.length > 0) this.#stream.pause();
  }

  /** Whatever only reads is answered by now. */
  onTurnEnd(): void {
    this.#isInTurn = false;
    this.#flush();
  }

  get #isFull(): boolean {
    return this.#stream.unsentBytes + this.#answerBytes > UNSENT_BYTES_MAX;
  }

  #take({ id, request, timeoutMillis }: KvCall, now: number): void {
    if (!Number.isSafeInteger(id) || this.#open.has(id)) {
      const message = `calls.id: ${id} is another open call's, or no id`;
      return this.#fail({ code: "invalidArgument", reason: "invalidField", message, field: "calls.id" });
    }
    const error = request === undefined ? NO_REQUEST : this.#open.size >= OPEN_MAX ? TOO_MANY : checkRequest(request);
    if (error !== undefined) return this.answered(refusalOf(id, error));
    const deadline = timeoutMillis > 0 ? Math.min(this.#deadline, now + timeoutMillis) : this.#deadline;
    const job = new StreamJob(request!, id, deadline, this);
    this.#lanes.submit(job, now);
    // What only reads is answered by now.
    if (job.isOver || this.#isOver) return;
    job.isOpen = true;
    this.#open.set(id, job);
  }

  /** An open call has its answer. */
  answeredLate(id: number, reply: Output): void {
    this.#open.delete(id);
    this.answered(reply);
  }

  /** What is answered while a message is gone through, or else in one turn, goes out in one message. */
  answered(reply: Output): void {
    if (this.#isOver) return;
    this.#answers.push(reply);
    this.#answerBytes += reply.length;
    if (this.#answerBytes >= MESSAGE_BYTES) this.#flush();
    else if (!this.#isFlushing && !this.#isInTurn) {
      this.#isFlushing = true;
      void turn.then(this.#flushNow);
    }
  }

  #flush(): void {
    if (this.#isOver || this.#answers.length === 0) return;
    const [answers, bytes] = [this.#answers, this.#answerBytes];
    this.#answers = [];
    this.#answerBytes = 0;
    this.#stream.send(answers, bytes);
    this.#endIfDone();
  }

  onDrain(): void {
    if (this.#isOver || this.#waiting.length === 0 || this.#isFull) return;
    this.#takeWaiting();
    if (this.#waiting.length === 0) this.#stream.resume();
  }

  #endIfDone(): void {
    if (!this.#hasEnded || this.#isOver) return;
    if (this.#open.size > 0 || this.#answers.length > 0 || this.#waiting.length > 0) return;
    this.#close();
    this.#stream.end();
  }

  #fail(error: KvError): void {
    this.#flush();
    this.#close();
    this.#stream.fail(error);
  }

  /** Nobody hears any more of what is under way; what was not evaluated is not going to be. */
  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lanes.close();
    this.#open.clear();
    this.#onOver();
  }
}

/** Without a function of its own for each call: there are many. */
class StreamJob implements KvJob {
  readonly request: KvRequest;
  readonly id: number;
  readonly deadline: number;
  isOver = false;
  /** The stream knows it by its id. */
  isOpen = false;
  readonly #stream: KvStream;

  constructor(request: KvRequest, id: number, deadline: number, stream: KvStream) {
    this.request = request;
    this.id = id;
    this.deadline = deadline;
    this.#stream = stream;
  }

  answered(reply: Output): void {
    if (this.isOpen) this.#stream.answeredLate(this.id, reply);
    else this.#stream.answered(reply);
  }
}

const NO_REQUEST: KvError = {
  code: "invalidArgument",
  reason: "invalidField",
  message: "calls.request: a call has a request of a kind that this version knows",
  field: "calls.request",
};
