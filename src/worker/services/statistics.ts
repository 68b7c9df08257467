import type { ServicesOptions } from "./services.ts";
import type { ClientFront, Snapshot } from "./snapshot.ts";

const NO_FRONT: ClientFront = {
  connections: { size: 0 },
  accepted: 0,
  rejected: 0,
  traffic: () => ({ receivedBytes: 0, sentBytes: 0 }),
};

interface Rates {
  readonly commands: number;
  readonly received: number;
  readonly sent: number;
}

/** Gathers a node's figures from where they arise, and makes rates of them. */
export class Statistics {
  front = NO_FRONT;
  /** Open streams of gRPC clients. */
  streams: () => number = () => 0;
  readonly #options: Pick<ServicesOptions, "node" | "executor" | "clock">;
  readonly #memoryBytesMax: () => number;
  readonly #startedAt: number;
  #memoryBytesPeak = 0;
  #sampledAt: number;
  #sampled: Rates = { commands: 0, received: 0, sent: 0 };
  #rates: Rates = { commands: 0, received: 0, sent: 0 };
  /** Bytes before the last reset. */
  #forgotten = { receivedBytes: 0, sentBytes: 0 };

  constructor(options: Pick<ServicesOptions, "node" | "executor" | "clock">, memoryBytesMax: () => number) {
    this.#options = options;
    this.#memoryBytesMax = memoryBytesMax;
    this.#startedAt = options.clock.monotonic();
    this.#sampledAt = this.#startedAt;
  }

  /** To be called about once a second. */
  sample(): void {
    const { node, clock } = this.#options;
    this.#memoryBytesPeak = Math.max(this.#memoryBytesPeak, node.state.memoryUsed);
    const now = clock.monotonic();
    const seconds = (now - this.#sampledAt) / 1000;
    if (seconds <= 0) return;
    const { receivedBytes, sentBytes } = this.front.traffic();
    const counted: Rates = { commands: node.meter.commands, received: receivedBytes, sent: sentBytes };
    const rate = (of: keyof Rates) => Math.max(0, counted[of] - this.#sampled[of]) / seconds;
    this.#rates = { commands: rate("commands"), received: rate("received"), sent: rate("sent") };
    this.#sampled = counted;
    this.#sampledAt = now;
  }

  snapshot(): Snapshot {
    const { node, clock } = this.#options;
    const { state, meter, maintenance } = node;
    const { statistics } = state;
    const { receivedBytes, sentBytes } = this.front.traffic();
    this.#memoryBytesPeak = Math.max(this.#memoryBytesPeak, state.memoryUsed);
    return {
      uptimeMillis: clock.monotonic() - this.#startedAt,
      ...this.#clients(),
      connectionsAccepted: this.front.accepted,
      connectionsRejected: this.front.rejected,
      commands: meter.commands,
      commandsPerSecond: Math.round(this.#rates.commands),
      errorReplies: meter.errors,
      receivedBytes: receivedBytes - this.#forgotten.receivedBytes,
      sentBytes: sentBytes - this.#forgotten.sentBytes,
      receivedBytesPerSecond: this.#rates.received,
      sentBytesPerSecond: this.#rates.sent,
      keys: state.size,
      expiringKeys: state.expiringKeys,
      coldKeys: state.coldKeys,
      expiredKeys: statistics.expired,
      hits: meter.hits,
      misses: meter.misses,
      loadedValues: statistics.loaded,
      evictedValues: statistics.evicted,
      memoryBytes: state.memoryUsed,
      memoryBytesPeak: this.#memoryBytesPeak,
      memoryBytesMax: this.#memoryBytesMax(),
      logBytes: node.log.bytesAfter(node.log.firstSeq),
      lastFlushAtMillis: clock.wall() - (clock.monotonic() - maintenance.lastFlushAt),
    };
  }

  #clients() {
    const { executor } = this.#options;
    let blockedClients = 0;
    let inputBytesMax = 0;
    let outputBytesMax = 0;
    let clientBytes = 0;
    for (const { session } of executor.clients) {
      if (session.blocked) blockedClients++;
      inputBytesMax = Math.max(inputBytesMax, session.queryBytes);
      outputBytesMax = Math.max(outputBytesMax, session.outputBytes);
      clientBytes += session.queryBytes + session.queryFreeBytes + session.outputBytes;
    }
    const streams = this.streams();
    const clients = executor.redisClients + streams;
    return { clients, streams, blockedClients, inputBytesMax, outputBytesMax, clientBytes };
  }

  /** `CONFIG RESETSTAT`: counters begin anew. */
  reset(): void {
    const { node } = this.#options;
    node.meter.reset();
    node.journal.commits.reset();
    Object.assign(node.state.statistics, { expired: 0, evicted: 0, loaded: 0 });
    this.front.accepted = 0;
    this.front.rejected = 0;
    this.#forgotten = this.front.traffic();
    this.#sampled = { ...this.#sampled, commands: 0 };
  }
}
