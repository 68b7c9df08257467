import type { Result } from "../base/result.ts";

/**
 * Links carry the replication stream: one link per pair of replicas, framed, in order and whole while it is up. When it breaks,
 * anything that was on its way may be lost, in both directions, and each end learns of it in its own time. Nothing is sent again:
 * a new link begins with nothing, and those who use it repeat what they still need.
 */
export interface LinkNetwork {
  /** Takes part under `self`: listens at `listen` and makes the links that `LinkEndpoint.expect` asks for. */
  join(options: LinkJoin): Promise<Result<LinkEndpoint, LinkListenError>>;
}

export interface LinkJoin {
  readonly self: LinkIdentity;
  /** Port 0 takes any that is free. */
  readonly listen: LinkAddress;
  readonly handler: LinkHandler;
}

/** Who stands at one end. Links exist within a group of a cluster only. */
export interface LinkIdentity {
  readonly cluster: string;
  readonly group: string;
  readonly replica: string;
  /** Below 2^48. */
  readonly incarnation: number;
}

export interface LinkAddress {
  readonly host: string;
  readonly port: number;
}

/** One replica's part in the links. */
export interface LinkEndpoint {
  /** Where it listens. */
  readonly address: LinkAddress;
  /**
   * Wants a link to `replica`, for ever, however often it breaks. Of two replicas the one whose id sorts first dials, so both must
   * expect each other. A later call replaces the address, which is used from the next attempt on.
   */
  expect(replica: string, address: LinkAddress): void;
  /** Closes the link to `replica` and wants none any more. */
  forget(replica: string): void;
  /** The link to `replica` that is up. */
  link(replica: string): Link | undefined;
  readonly statistics: LinkStatistics;
  /** Closes all links and stops to listen. No handler is called after the call. */
  close(): Promise<void>;
}

/** A link that has come up. It goes down once and for all; the next one is another `Link`. */
export interface Link {
  /** What the peer said of itself. */
  readonly peer: LinkIdentity;
  readonly isUp: boolean;
  /** Bytes that were sent and that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /**
   * Sends one frame, whose parts are joined; frames of one turn leave together at its end. False when the link is down or its
   * buffer is full: the frame is not sent, later ones may be. The bytes must never change after the call. A frame above
   * `LINK_FRAME_BYTES_MAX` or a kind above `LINK_KIND_MAX` is a bug of the caller.
   */
  send(kind: number, frame: Uint8Array | readonly Uint8Array[]): boolean;
  /** Sends what has gathered at once, for callers that know that nothing more will come in this turn. */
  flush(): void;
  /** Takes the link down; if its peer is still expected, another one will come. */
  close(): void;
}

/** What happens to the links. Calls never come from within `send`, `expect` or `flush`. */
export interface LinkHandler {
  onUp(link: Link): void;
  /** The bytes are the receiver's to keep: nobody else will change them. They may be part of a larger piece of memory. */
  onFrame(link: Link, kind: number, bytes: Uint8Array): void;
  onDown(link: Link, reason: LinkDownReason): void;
  /**
   * Somebody was turned away, or turned us away: told once for each address and code until a link comes up there; all are counted.
   */
  onRefusal(refusal: LinkRefusal): void;
}

/** Frames have kinds from 0 to this one; what is above belongs to the link itself. */
export const LINK_KIND_MAX = 239;

/** The longest frame by default; what is longer is cut to pieces by the caller. */
export const LINK_FRAME_BYTES_MAX = 64 * 1024 * 1024;

export type LinkDownReason =
  /** The peer closed the connection, or its process ended. */
  | "closed_by_peer"
  /** This end closed it: `close`, `forget`, or the peer has another process now. */
  | "closed"
  /** Nothing was heard for too long. */
  | "silent"
  /** The peer took nothing of what was sent for too long. */
  | "stuck"
  /** Bytes came that no healthy peer sends. */
  | "damaged"
  /** The connection failed in any other way. */
  | "broken";

export type LinkRefusalCode =
  /** No Holdfast, or bytes that were changed on their way. */
  | "not_a_link"
  | "version"
  | "cluster"
  | "group"
  /** Another replica than the one that was called, or the id is our own. */
  | "wrong_replica"
  /** Nobody expects this replica here, or not yet. */
  | "unexpected"
  /** Its id sorts after ours: it should wait to be called. */
  | "wrong_direction"
  /** Another process with the same id has a link that is alive. */
  | "duplicate"
  /** Did not introduce itself in time. */
  | "timeout"
  /** So many wait to introduce themselves that the eldest is dropped. */
  | "too_many"
  /** TLS: no certificate of our authority. */
  | "not_trusted";

export interface LinkRefusal {
  readonly code: LinkRefusalCode;
  /** Who refused. */
  readonly by: "us" | "peer";
  /** `host:port` of the other end, or only `host` if it had called. */
  readonly address: string;
  /** For a person. */
  readonly message: string;
}

/** Counts since the start. */
export interface LinkStatistics {
  framesSent: number;
  framesReceived: number;
  bytesSent: number;
  bytesReceived: number;
  /** Writes to the operating system. */
  writes: number;
  linksUp: number;
  linksDown: number;
  /** Attempts to call a peer that did not lead to a link. */
  failedAttempts: number;
  /** Frames that `send` did not take. */
  framesRefused: number;
  readonly refusals: Map<LinkRefusalCode, number>;
}

/** Why nobody can listen at the address. */
export interface LinkListenError {
  readonly code: "address_in_use" | "address_denied" | "address_unknown";
  readonly message: string;
}
