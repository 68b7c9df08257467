import { invariant } from "../../src/base/invariant.ts";
import { LINK_FRAME_BYTES_MAX, LINK_KIND_MAX, type Link, type LinkDownReason } from "../../src/ports/link.ts";
import type { LinkHello } from "../../src/ports/linkIdentity.ts";
import type { SimEndpoint } from "./simEndpoint.ts";
import type { SimNetwork } from "./simNetwork.ts";
import { frameBytes, type SimFrame, type SimItem, SimPipe, simFrame } from "./simPipe.ts";

/** What a frame costs beside its payload. */
const FRAME_HEADER_BYTES = 12;

/** One end of a simulated connection. It is a link from the moment at which both have introduced themselves. */
export class SimLink implements Link {
  readonly peer: LinkHello["identity"];
  readonly process: number;
  readonly endpoint: SimEndpoint;
  /** What this end sends. */
  readonly outgoing: SimPipe;
  other!: SimLink;
  #state: "introducing" | "up" | "down" = "introducing";
  readonly #network: SimNetwork;
  #gathered: SimFrame[] = [];
  #gatheredBytes = 0;
  #isFlushDue = false;
  #isSilent = false;
  /** Changes when the peer begins or ceases to be silent. */
  #silence = 0;

  constructor(network: SimNetwork, endpoint: SimEndpoint, hello: LinkHello) {
    this.#network = network;
    this.endpoint = endpoint;
    this.peer = hello.identity;
    this.process = hello.process;
    this.outgoing = new SimPipe({
      later: (notBefore, run) =>
        network.arriveLater(`link ${endpoint.host}>${this.other.endpoint.host}`, notBefore, run),
      isBlocked: () => network.isBlocked(endpoint, this.other.endpoint),
      deliver: (item) => this.other.#take(item),
    });
  }

  get isUp(): boolean {
    return this.#state === "up";
  }

  get bufferedBytes(): number {
    return this.#gatheredBytes + this.outgoing.bytes;
  }

  send(kind: number, frame: Uint8Array | readonly Uint8Array[]): boolean {
    invariant(kind >= 0 && kind <= LINK_KIND_MAX, "the kind is one of the link's own");
    const made = simFrame(kind, frame instanceof Uint8Array ? [frame] : frame);
    invariant(made.length <= LINK_FRAME_BYTES_MAX, "a frame is longer than the limit");
    const { statistics } = this.endpoint;
    const buffered = this.bufferedBytes;
    if (!this.isUp || (buffered > 0 && buffered + made.length > this.#network.options.bufferBytesMax)) {
      statistics.framesRefused++;
      return false;
    }
    this.#gathered.push(made);
    this.#gatheredBytes += FRAME_HEADER_BYTES + made.length;
    statistics.framesSent++;
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      this.#network.scheduler.after(0, this.endpoint.life, "end of turn", () => {
        this.#isFlushDue = false;
        this.flush();
      });
    }
    return true;
  }

  flush(): void {
    if (!this.isUp || this.#gathered.length === 0) return;
    const { statistics } = this.endpoint;
    statistics.writes++;
    statistics.bytesSent += this.#gatheredBytes;
    this.outgoing.push({ type: "frames", frames: this.#gathered, bytes: this.#gatheredBytes });
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#network.written(this);
  }

  close(): void {
    if (!this.isUp) return;
    this.flush();
    this.#end();
    this.#network.scheduler.after(0, this.endpoint.life, "link closed", () => this.endpoint.linkDown(this, "closed"));
  }

  /** Goes down without telling anybody here. */
  abandon(): void {
    this.flush();
    this.#end();
  }

  come(): void {
    this.#state = "up";
    this.conditionsChanged();
  }

  down(reason: LinkDownReason): void {
    const wasUp = this.isUp;
    this.#end();
    if (wasUp) this.endpoint.linkDown(this, reason);
  }

  /** The machine is gone: nobody hears of it. */
  vanish(): void {
    this.#state = "down";
    this.#network.connectionEnded(this);
  }

  /** Something was cut, healed, paused or resumed. */
  conditionsChanged(): void {
    if (this.#state === "down") return;
    this.other.outgoing.release();
    const isSilent = this.#network.isSilent(this.other.endpoint, this.endpoint);
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#silence++;
    if (isSilent) this.#noticeSilence();
  }

  #noticeSilence(): void {
    const { scheduler } = this.#network;
    const began = this.#silence;
    scheduler.after(this.#network.drawSilenceMicros(), this.endpoint.life, "link silent", () => {
      if (this.#silence !== began || this.#state === "down") return;
      // A process that is stopped notices nothing; when it goes on, it looks anew.
      if (this.endpoint.isPaused) this.#noticeSilence();
      else this.down("silent");
    });
  }

  #end(): void {
    if (this.#state === "down") return;
    this.#state = "down";
    this.outgoing.push({ type: "end" });
    this.#network.connectionEnded(this);
  }

  #take(item: SimItem): void {
    if (this.#state === "down" || !this.endpoint.life.alive) return;
    if (item.type === "end") this.down("closed_by_peer");
    else if (item.type === "welcome") this.endpoint.welcomed(this);
    else this.#takeFrames(item.frames, item.bytes);
  }

  #takeFrames(frames: readonly SimFrame[], bytes: number): void {
    const { statistics, handler } = this.endpoint;
    statistics.bytesReceived += bytes;
    for (const frame of frames) {
      if (!this.isUp) return;
      statistics.framesReceived++;
      handler.onFrame(this, frame.kind, frameBytes(frame));
    }
  }
}
