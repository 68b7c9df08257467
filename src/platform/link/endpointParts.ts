import type { LinkHandler, LinkIdentity, LinkRefusal, LinkStatistics } from "../../ports/link.ts";
import type { LinkHello, LinkObjection } from "../../ports/linkIdentity.ts";
import type { LinkConnection } from "./linkConnection.ts";
import type { TcpLinkOptions } from "./linkOptions.ts";

/** What dialing and answering have in common. */
export interface EndpointParts {
  readonly self: LinkIdentity;
  /** Drawn at the start. */
  readonly process: number;
  readonly options: TcpLinkOptions;
  readonly handler: LinkHandler;
  readonly statistics: LinkStatistics;
  readonly refusals: Refusals;
  /** Both ends have introduced themselves. */
  readonly linkUp: (connection: LinkConnection, hello: LinkHello) => void;
}

/** Addresses that are remembered as having been complained about. */
const ADDRESSES_MAX = 256;

/** Counts who was turned away, and tells once for each address and code until a link comes up there. */
export class Refusals {
  readonly #told = new Map<string, Set<string>>();
  readonly #statistics: LinkStatistics;
  readonly #tell: (refusal: LinkRefusal) => void;

  constructor(statistics: LinkStatistics, tell: (refusal: LinkRefusal) => void) {
    this.#statistics = statistics;
    this.#tell = tell;
  }

  add(by: "us" | "peer", address: string, { code, message }: LinkObjection): void {
    const { refusals } = this.#statistics;
    refusals.set(code, (refusals.get(code) ?? 0) + 1);
    const known = this.#told.get(address);
    if (known === undefined && this.#told.size >= ADDRESSES_MAX) return;
    const codes = known ?? new Set();
    if (codes.has(`${by} ${code}`)) return;
    codes.add(`${by} ${code}`);
    this.#told.set(address, codes);
    this.#tell({ code, by, address, message });
  }

  /** What goes wrong there from now on is news. */
  forget(address: string): void {
    this.#told.delete(address);
  }
}

export function noStatistics(): LinkStatistics {
  return {
    framesSent: 0,
    framesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    writes: 0,
    linksUp: 0,
    linksDown: 0,
    failedAttempts: 0,
    framesRefused: 0,
    refusals: new Map(),
  };
}
