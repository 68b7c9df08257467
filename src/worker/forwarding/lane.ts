import type { Args } from "../../core/command/args.ts";
import type { Session } from "../../core/command/session.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import type { Client, Output } from "../client.ts";
import type { Upstream } from "./upstream.ts";

/** Short replies that follow each other go out as one text up to this length. */
const TEXT_CHARS_MAX = 64 * 1024;

/** What a forwarded request needs in order to be tried again. */
export interface Forwarded {
  readonly client: Client;
  readonly spec: CommandSpec;
  /** The request as it was sent. */
  readonly bytes: Uint8Array;
  /** What `EXEC` stands for. */
  readonly transaction: Session["transaction"];
  readonly protocol: 2 | 3;
  /** It may change something: only what was certainly not executed is tried again. */
  readonly writes: boolean;
  readonly isSilent: boolean;
  /** The transaction depends on keys that are watched on the same connection. */
  readonly isWatched: boolean;
  /** It may wait there for as long as it likes. */
  readonly mayBlock: boolean;
  /** The client's next request is not looked at before the reply. */
  readonly holdsClient: boolean;
  /** From then on it is tried again (monotonic clock): since it came, or since it was refused after it had waited there. */
  since: number;
  /** When it was first sent in this form. */
  readonly sentAt: number;
  slot: number;
  /** How often it was sent to where another node said. */
  hops: number;
  /** Where a refusal said to ask. */
  movedTo: string | undefined;
  /** Why it was not executed; it is to be tried again. */
  refusal: string | undefined;
}

/** One reply's place among those of a client. */
export interface Place {
  output: Output | undefined;
  /** It waits for other nodes. */
  readonly isRemote: boolean;
  /** Undefined for what was executed here. */
  readonly forwarded: Forwarded | undefined;
}

/** Keys that a client watches at another node, on a connection of its own. */
export interface RemoteWatch {
  readonly address: string;
  readonly slot: number;
  readonly upstream: Upstream;
}

/** The replies of a client of which some come from other nodes: they go out in the order of the requests. */
export class Lane {
  readonly client: Client;
  /** Forwarded requests without a reply, those that are to be tried again included. */
  inFlight = 0;
  /** Of those, how many are to be tried again. */
  refused = 0;
  /** Where requests of a slot went, and which connections were used at all, since nothing was under way. */
  readonly slots = new Map<number, Upstream | undefined>();
  readonly upstreams = new Set<Upstream>();
  /** What is under way concerns many slots: nothing on keys goes beside it. */
  isExclusive = false;
  /** Another attempt for what was refused is on its way. */
  isRetrying = false;
  /** Nobody can tell what became of something: the connection ends. */
  isDoomed = false;
  /** The request with which the client was made to begin anew, and what it was before. */
  begunAgain: { readonly args: Args; readonly forwarded: Forwarded } | undefined;
  watch: RemoteWatch | undefined;
  /** Where a request waits that may wait as long as it likes. */
  waitsAt: Upstream | undefined;
  /** The client's own connection, for what waits and for `WATCH`. */
  dedicated: Upstream | undefined;
  /** All that it has had; one may still watch when another takes its place. */
  readonly owned = new Set<Upstream>();
  #places: Place[] = [];
  #first = 0;

  constructor(client: Client) {
    this.client = client;
  }

  get isEmpty(): boolean {
    return this.#first === this.#places.length;
  }

  /** A place behind all others. */
  add(forwarded?: Forwarded, isRemote = forwarded !== undefined): Place {
    const place: Place = { output: undefined, isRemote, forwarded };
    this.#places.push(place);
    this.client.held++;
    if (isRemote) this.inFlight++;
    return place;
  }

  fill(place: Place, output: Output): void {
    if (place.output !== undefined) return;
    place.output = output;
    this.client.heldBytes += output.length;
    if (!place.isRemote) return;
    this.inFlight--;
    if (this.inFlight > 0) return;
    this.isExclusive = false;
    this.slots.clear();
    this.upstreams.clear();
  }

  /** The last place is taken back: its request is dealt with anew. */
  takeBack(place: Place): void {
    const at = this.#places.lastIndexOf(place);
    if (at < this.#first) return;
    this.fill(place, "");
    this.client.held--;
    this.#places.splice(at, 1);
  }

  /** Those that are to be tried again, in order. */
  refusedPlaces(): Place[] {
    return this.#places.slice(this.#first).filter((place) => place.output === undefined && isRefused(place));
  }

  /** Whether a later request for the same slot was executed before `place` could be. */
  wasOvertaken(place: Place): boolean {
    const behind = this.#places.slice(this.#places.indexOf(place, this.#first) + 1);
    return behind.some(({ output, forwarded }) => output !== undefined && forwarded?.slot === place.forwarded?.slot);
  }

  /** Sends what may go out now. */
  drain(): void {
    const { client } = this;
    if (client.heldDirect > 0) return;
    let text = "";
    let isQuiet = this.isEmpty;
    while (this.#first < this.#places.length) {
      const { output } = this.#places[this.#first]!;
      if (output === undefined) break;
      this.#first++;
      client.held--;
      client.heldBytes -= output.length;
      if (typeof output === "string") {
        text += output;
        if (text.length < TEXT_CHARS_MAX) continue;
      }
      if (text !== "") send(client, text);
      text = "";
      isQuiet = true;
      if (typeof output !== "string") send(client, output);
    }
    this.#trim();
    if (text !== "") send(client, text);
    // A connection that is to be closed waits for its last reply, even for one that is not sent.
    else if (this.isEmpty && !isQuiet) send(client, "");
  }

  #trim(): void {
    if (this.isEmpty) {
      this.#places = [];
      this.#first = 0;
    } else if (this.#first > 1024 && this.#first * 2 > this.#places.length) {
      this.#places = this.#places.slice(this.#first);
      this.#first = 0;
    }
  }
}

function isRefused({ forwarded }: Place): boolean {
  return forwarded?.refusal !== undefined;
}

function send(client: Client, output: Output): void {
  if (!client.gone) client.sink.send(output);
}
