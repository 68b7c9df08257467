import { ByteWriter } from "../../base/byteWriter.ts";
import { decodeLatin1 } from "../../base/latin1.ts";
import { REPLY_BYTES_MAX } from "../../core/command/reply.ts";
import type { Timer, Timers } from "../../ports/clock.ts";
import type { ForwardNetwork, ForwardWire } from "../../ports/forwarder.ts";
import type { Output } from "../client.ts";
import { outputOf } from "../output.ts";
import { BROKEN, MORE, ReplyScanner } from "./replyScanner.ts";
import { writeWords } from "./requestText.ts";

/** So many exchanges, and bytes of requests that the system has not taken, may be under way; then who wants more waits. */
const EXCHANGES_MAX = 16_384;
const UNSENT_BYTES_MAX = 16 << 20;
/** Requests are sent when so much has gathered, else at the end of the turn. */
const GATHERED_BYTES_MAX = 64 * 1024;
const OUTPUT_KEPT_BYTES_MAX = 1 << 20;
/** A target that owes replies and says nothing for so long is given up. Requests are held there for up to five seconds. */
const SILENCE_MILLIS_MAX = 20_000;
const SILENCE_CHECK_MILLIS = 5_000;

/** A run of requests that goes out in one piece, and what becomes of it. */
export interface Exchange {
  /** How many replies it gets; all but the last are only looked at for refusals. */
  readonly replies: number;
  /** It may have to wait there for as long as it likes. */
  readonly mayWait: boolean;
  write(out: ByteWriter): void;
  /** The last reply; `refusal` is the first error before it. */
  onReply(reply: Output, refusal: string | undefined): void;
  /** There will be no reply. What was not sent was not executed. */
  onLost(wasSent: boolean, reason: string): void;
}

export interface UpstreamParts {
  readonly network: ForwardNetwork;
  readonly timers: Timers;
  readonly address: string;
  readonly protocol: 2 | 3;
  /** The cluster's password, latin1; empty for none. */
  readonly password: string;
  /** It wants to know which client of the other side it is. */
  readonly asksId: boolean;
  /** Some replies have come; all that came together were handed on. */
  readonly onReplies: () => void;
  /** It was full and is no longer. */
  readonly onRoom: () => void;
  readonly onClosed: (upstream: Upstream) => void;
}

/** A connection to another node, on which requests follow each other without waiting for replies. */
export class Upstream {
  readonly address: string;
  readonly protocol: 2 | 3;
  /** It has ended; nothing may be sent on it any more. */
  isClosed = false;
  /** What the other side calls this connection, if that was asked for. */
  clientId: number | undefined;
  readonly #parts: UpstreamParts;
  readonly #wire: ForwardWire;
  readonly #scanner = new ReplyScanner();
  readonly #out = new ByteWriter(4096);
  readonly #partial = new ByteWriter(1024);
  /** In the order of their requests; those before `#first` are answered. */
  #exchanges: Exchange[] = [];
  #first = 0;
  /** Exchanges at the end of the queue that have not been given to the system. */
  #gathered = 0;
  #repliesSeen = 0;
  #refusal: string | undefined;
  /** Replies to the greeting that are still to come; undefined before it is sent. */
  #greetings: number | undefined;
  #flushScheduled = false;
  #wasFull = false;
  #heard = false;
  #silentMillis = 0;
  readonly #silence: Timer;

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
    this.address = parts.address;
    this.protocol = parts.protocol;
    this.#silence = parts.timers.every(SILENCE_CHECK_MILLIS, () => this.#checkSilence());
    this.#wire = parts.network.dial(parts.address, {
      onOpen: () => this.#greet(),
      onBytes: (bytes, length) => this.#received(bytes, length),
      onDrain: () => this.#checkRoom(),
      onClosed: (reason) => this.#end(reason),
    });
  }

  get isFull(): boolean {
    const isFull = this.outstanding >= EXCHANGES_MAX || this.#wire.unsentBytes + this.#out.length > UNSENT_BYTES_MAX;
    if (isFull) this.#wasFull = true;
    return isFull;
  }

  /** Exchanges that have no reply yet. */
  get outstanding(): number {
    return this.#exchanges.length - this.#first;
  }

  send(exchange: Exchange): void {
    if (this.isClosed) {
      return this.#parts.timers.endOfTurn(() => {
        exchange.onLost(false, "the connection is closed");
        this.#parts.onReplies();
      });
    }
    this.#exchanges.push(exchange);
    this.#gathered++;
    // Until it has greeted, it sends nothing else: a wrong password must cost no request.
    if (this.#greetings !== 0) return;
    exchange.write(this.#out);
    if (this.#out.length > GATHERED_BYTES_MAX) this.#flush();
    else this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#parts.timers.endOfTurn(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.isClosed || this.#out.length === 0) return;
    this.#gathered = 0;
    this.#wire.send(this.#out.slice());
    this.#out.reset();
    if (this.#out.bytes.length > OUTPUT_KEPT_BYTES_MAX) this.#out.bytes = new Uint8Array(4096);
  }

  /** Says who calls, so that the other side answers `MOVED` and forwards nothing itself. */
  #greet(): void {
    const { password, protocol } = this.#parts;
    this.#greetings = 1;
    if (password !== "") {
      writeWords(this.#out, "AUTH", "default", password);
      this.#greetings++;
    }
    if (protocol === 3) {
      writeWords(this.#out, "HELLO", "3");
      this.#greetings++;
    }
    writeWords(this.#out, "CLIENT", "FORWARDED", "ON");
    if (this.#parts.asksId) {
      writeWords(this.#out, "CLIENT", "ID");
      this.#greetings++;
    }
    this.#wire.send(this.#out.slice());
    this.#out.reset();
  }

  #greeted(reply: Output): void {
    if (isError(reply)) return this.#end(`it answers ${textOf(reply).trimEnd()}`);
    this.#greetings!--;
    if (this.#greetings! > 0) return;
    if (this.#parts.asksId) this.clientId = Number(textOf(reply).slice(1));
    for (const exchange of this.#exchanges) exchange.write(this.#out);
    this.#flush();
  }

  #received(bytes: Uint8Array, length: number): void {
    this.#heard = true;
    let at = 0;
    while (at < length && !this.isClosed) {
      const end = this.#scanner.next(bytes, at, length);
      if (end === BROKEN) return this.#end("its replies make no sense");
      if (end === MORE) {
        this.#partial.copy(bytes, at, length);
        if (this.#partial.length > REPLY_BYTES_MAX) return this.#end("its reply is too long");
        break;
      }
      this.#replied(this.#take(bytes, at, end));
      at = end;
    }
    this.#parts.onReplies();
    this.#checkRoom();
  }

  /** A whole reply, whose last part is given. */
  #take(bytes: Uint8Array, start: number, end: number): Output {
    const partial = this.#partial;
    if (partial.length === 0 && end - start <= GATHERED_BYTES_MAX) return decodeLatin1(bytes, start, end);
    partial.copy(bytes, start, end);
    const output = outputOf(partial);
    partial.reset();
    if (partial.bytes.length > OUTPUT_KEPT_BYTES_MAX) partial.bytes = new Uint8Array(1024);
    return output;
  }

  #replied(reply: Output): void {
    if (this.#greetings !== 0) return this.#greeted(reply);
    const exchange = this.#exchanges[this.#first];
    if (exchange === undefined) return this.#end("it answers what nobody asked");
    if (++this.#repliesSeen < exchange.replies) {
      if (isError(reply)) this.#refusal ??= textOf(reply);
      return;
    }
    const refusal = this.#refusal;
    this.#repliesSeen = 0;
    this.#refusal = undefined;
    this.#pass();
    exchange.onReply(reply, refusal);
  }

  #pass(): void {
    this.#first++;
    if (this.#first === this.#exchanges.length) {
      this.#exchanges = [];
      this.#first = 0;
    } else if (this.#first > 1024 && this.#first * 2 > this.#exchanges.length) {
      this.#exchanges = this.#exchanges.slice(this.#first);
      this.#first = 0;
    }
  }

  #checkRoom(): void {
    if (!this.#wasFull || this.isClosed || this.isFull) return;
    this.#wasFull = false;
    this.#parts.onRoom();
  }

  #checkSilence(): void {
    const owes = this.outstanding > this.#gathered && this.#exchanges[this.#first]?.mayWait === false;
    this.#silentMillis = owes && !this.#heard ? this.#silentMillis + SILENCE_CHECK_MILLIS : 0;
    this.#heard = false;
    if (this.#silentMillis >= SILENCE_MILLIS_MAX) this.#end("it is silent");
  }

  /** Ends it; exchanges without a reply are lost. */
  close(reason: string): void {
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#silence.cancel();
    this.#wire.close();
    this.#parts.onClosed(this);
    const lost = this.#exchanges.slice(this.#first);
    const sent = lost.length - this.#gathered;
    this.#exchanges = [];
    this.#first = 0;
    for (const [index, exchange] of lost.entries()) exchange.onLost(index < sent, reason);
    this.#parts.onReplies();
    this.#parts.onRoom();
  }
}

export function isError(reply: Output): boolean {
  return typeof reply === "string" ? reply.charCodeAt(0) === 45 : reply[0] === 45;
}

export function textOf(output: Output): string {
  return typeof output === "string" ? output : decodeLatin1(output, 0, output.length);
}
