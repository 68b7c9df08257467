import { SLOT_COUNT } from "../core/slots/slotRanges.ts";
import { CODECS, PATHS } from "./codecs.ts";
import type { TopologyMessage } from "./messages.ts";
import { Channel, type ChannelOptions, type OpenCall } from "./wire/channel.ts";
import { type GrpcStatus, STATUS } from "./wire/grpcStatus.ts";
import { ProtoWriter } from "./wire/protoWriter.ts";

const PAUSE_FIRST_MILLIS = 20;
const PAUSE_MILLIS_MAX = 1000;
const LEARNED_MAX = 100;
/** Who says nothing for so long after it was asked is passed over. */
const FIRST_ANSWER_MILLIS_MAX = 3000;

export interface TopologyEvents {
  onTopology(topology: TopologyMessage, address: string): void;
  /** The one who told it does no longer; another is asked. */
  onLost(address: string, status: GrpcStatus): void;
}

/** Who has what, by the stream of one master or worker; of another one when that ends. */
export class TopologyFeed {
  readonly #seeds: readonly string[];
  readonly #options: ChannelOptions;
  readonly #events: TopologyEvents;
  #learned: readonly string[] = [];
  #channel: Channel | undefined;
  #stream: OpenCall | undefined;
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  #failures = 0;
  #isClosed = false;
  #current: string | undefined;

  constructor(seeds: readonly string[], options: ChannelOptions, events: TopologyEvents) {
    this.#seeds = seeds;
    this.#options = options;
    this.#events = events;
    // Clients that were given the same list do not all ask the first.
    this.#next = Math.floor(Math.random() * seeds.length);
  }

  /** Whom it comes from; undefined while there is nobody. */
  get source(): string | undefined {
    return this.#current;
  }

  open(): void {
    const addresses = [...this.#seeds, ...this.#learned];
    const address = addresses[this.#next++ % addresses.length]!;
    const channel = new Channel(address, this.#options);
    this.#channel = channel;
    const writer = new ProtoWriter();
    writer.skip(5);
    CODECS.watchTopologyRequest.encode({}, writer);
    this.#stream = channel.open(PATHS.watchTopology, {
      onMessage: (bytes, start, end) => this.#take(address, bytes.subarray(start, end)),
      onEnd: (status) => this.#ended(address, status),
    });
    this.#stream.write(writer.take());
    this.#stream.end();
    this.#timer = setTimeout(() => {
      this.#stream?.cancel();
      this.#ended(address, { code: STATUS.unavailable, message: SILENT, detail: undefined, wasSent: true });
    }, FIRST_ANSWER_MILLIS_MAX);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#channel?.close();
  }

  #take(address: string, message: Buffer): void {
    let topology: TopologyMessage;
    try {
      topology = CODECS.topology.decode(message) as TopologyMessage;
    } catch (error) {
      this.#stream?.cancel();
      const text = `it tells a topology that makes no sense: ${(error as Error).message}`;
      this.#ended(address, { code: STATUS.internal, message: text, detail: undefined, wasSent: true });
      return;
    }
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#current = address;
    const { groups, masters } = topology;
    const known = [...masters, ...groups.flatMap(({ workers }) => workers.filter(({ present }) => present))];
    const learned = new Set(known.map(({ rpc }) => rpc).filter((rpc) => rpc !== "" && !this.#seeds.includes(rpc)));
    this.#learned = [...learned].slice(0, LEARNED_MAX);
    this.#events.onTopology(topology, address);
  }

  #ended(address: string, status: GrpcStatus): void {
    clearTimeout(this.#timer);
    this.#channel?.close();
    this.#channel = undefined;
    this.#stream = undefined;
    this.#current = undefined;
    if (this.#isClosed) return;
    if (status.code === STATUS.unimplemented) {
      // A node that is alone has nothing to tell of a cluster, and all of the keys.
      this.#current = address;
      this.#events.onTopology(aloneAt(address), address);
      return;
    }
    this.#events.onLost(address, status);
    this.#failures++;
    // One round through all of them is made without much waiting.
    const rounds = Math.floor(this.#failures / (this.#seeds.length + this.#learned.length));
    const most = Math.min(PAUSE_MILLIS_MAX, PAUSE_FIRST_MILLIS * 2 ** Math.min(rounds, 10));
    this.#timer = setTimeout(() => this.open(), Math.random() * most);
  }
}

const SILENT = "it says nothing";

function aloneAt(address: string): TopologyMessage {
  const worker = { id: address, role: "ROLE_PRIMARY", redis: "", rpc: address, present: true };
  const slots = [{ from: 0, to: SLOT_COUNT - 1 }];
  const groups = [{ name: address, slots, epoch: 0, workers: [worker] }];
  return { cluster: "", slotsVersion: 0, groups, masters: [] };
}
