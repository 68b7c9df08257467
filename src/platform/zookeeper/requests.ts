import { MalformedBytes } from "../../base/byteReader.ts";
import type { CoordinatorError } from "../../ports/coordinator.ts";
import type { JuteReader } from "./jute.ts";
import type { Operation } from "./operations.ts";
import { header, type ReplyHeader } from "./protocol.ts";

/** What became of a request: the server's answer, a code with which it refused, or neither. */
export type Outcome =
  | { readonly kind: "answered"; readonly body: JuteReader }
  | { readonly kind: "refused"; readonly code: number }
  | { readonly kind: "failed"; readonly error: CoordinatorError };

interface Request {
  readonly isChange: boolean;
  /** Whole, but for its number. */
  readonly frame: Buffer;
  readonly askedMillis: number;
  xid: number;
  /** Taken out when its caller was told that it took too long: the server's answer then only has to be counted. */
  settle: ((outcome: Outcome) => void) | undefined;
}

/** ZooKeeper itself takes so many at a time (`globalOutstandingLimit`), of all clients together. */
const SENT_MAX = 1000;
const WAITING_MAX = 10_000;
/** So many bytes are on their way, and so many wait; one request more is begun. */
const SENT_BYTES_MAX = 8 * 1024 * 1024;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
const XID_OFFSET = 4;
const XID_MAX = 0x7fff_ffff;

/** The requests of one session: those that wait for a server, and those sent, which it answers in their order. */
export class Requests {
  readonly #limitMillis: number;
  #waiting: Request[] = [];
  #sent: Request[] = [];
  #waitingBytes = 0;
  #sentBytes = 0;
  #lastXid = 0;

  /** After `limitMillis` a caller is told that there is no answer. */
  constructor(limitMillis: number) {
    this.#limitMillis = limitMillis;
  }

  add(operation: Operation<unknown>, settle: (outcome: Outcome) => void, nowMillis: number): void {
    if (this.#waiting.length >= WAITING_MAX || this.#waitingBytes >= WAITING_BYTES_MAX) {
      const message = `${this.#waiting.length} requests wait already`;
      return settle({ kind: "failed", error: { code: "unavailable", message } });
    }
    const writer = header(0, operation.type);
    operation.write(writer);
    const frame = writer.frame();
    this.#waiting.push({ isChange: operation.isChange, frame, askedMillis: nowMillis, xid: 0, settle });
    this.#waitingBytes += frame.length;
  }

  /** Sends what waits, as far as the server may have it. */
  pump(send: (frame: Buffer) => void): void {
    let count = 0;
    while (count < this.#waiting.length && this.#sent.length < SENT_MAX && this.#sentBytes < SENT_BYTES_MAX) {
      const request = this.#waiting[count++]!;
      const { frame } = request;
      request.xid = this.nextXid();
      frame.writeInt32BE(request.xid, XID_OFFSET);
      this.#sent.push(request);
      this.#sentBytes += frame.length;
      this.#waitingBytes -= frame.length;
      send(frame);
    }
    if (count > 0) this.#waiting.splice(0, count);
  }

  nextXid(): number {
    this.#lastXid = this.#lastXid === XID_MAX ? 1 : this.#lastXid + 1;
    return this.#lastXid;
  }

  /** Settles the oldest request that was sent. Throws `MalformedBytes` if the reply is another's. */
  answer({ xid, error }: ReplyHeader, body: JuteReader): void {
    const request = this.#sent[0];
    if (request?.xid !== xid) throw new MalformedBytes(`reply ${xid} where ${request?.xid ?? "none"} is awaited`);
    // A body that cannot be read leaves the request among the sent ones, whose outcome is then unknown.
    request.settle?.(error === 0 ? { kind: "answered", body } : { kind: "refused", code: error });
    this.#sent.shift();
    this.#sentBytes -= request.frame.length;
  }

  /** The connection is gone: of changes that were sent nobody knows what became. */
  failSent(message: string): void {
    this.#sentBytes = 0;
    for (const request of this.#sent.splice(0)) fail(request, noAnswer(request, message));
  }

  failWaiting(error: CoordinatorError): void {
    this.#waitingBytes = 0;
    for (const request of this.#waiting.splice(0)) fail(request, error);
  }

  /** Tells the callers who have waited for too long. */
  expire(nowMillis: number, lastFailure: string): void {
    const isLate = ({ askedMillis }: Request): boolean => nowMillis - askedMillis >= this.#limitMillis;
    while (this.#waiting.length > 0 && isLate(this.#waiting[0]!)) {
      const request = this.#waiting.shift()!;
      this.#waitingBytes -= request.frame.length;
      fail(request, { code: "unavailable", message: `no ZooKeeper server answers (${lastFailure})` });
    }
    for (const request of this.#sent) {
      if (!isLate(request)) break;
      fail(request, noAnswer(request, `no answer in ${this.#limitMillis} ms`));
    }
  }
}

function fail(request: Request, error: CoordinatorError): void {
  const { settle } = request;
  request.settle = undefined;
  settle?.({ kind: "failed", error });
}

function noAnswer({ isChange }: Request, message: string): CoordinatorError {
  return { code: isChange ? "unknown" : "unavailable", message };
}
