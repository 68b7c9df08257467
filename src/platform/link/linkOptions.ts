import type { Random } from "../../base/random.ts";
import { LINK_FRAME_BYTES_MAX } from "../../ports/link.ts";

/** How links behave; all of it has defaults. */
export interface TcpLinkOptions {
  /** A ping goes out when nothing else has for so long. */
  readonly heartbeatMillis: number;
  /** A link from which nothing is heard, or whose peer takes nothing, for so long goes down. */
  readonly silenceMillis: number;
  /** An attempt, from the call until both have introduced themselves, takes at most so long. */
  readonly attemptMillisMax: number;
  /** Who calls us has so long to introduce itself. */
  readonly introductionMillisMax: number;
  /** So many may be about to introduce themselves. */
  readonly strangersMax: number;
  readonly backoffMillisMin: number;
  readonly backoffMillisMax: number;
  readonly frameBytesMax: number;
  /** What may wait to be sent. One frame is always taken when nothing waits. */
  readonly bufferBytesMax: number;
  /** Links over TLS 1.3 with certificates on both sides, all from one authority; in PEM form. */
  readonly tls: LinkCertificates | undefined;
  readonly random: Random;
}

export interface LinkCertificates {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export const LINK_DEFAULTS: Omit<TcpLinkOptions, "random"> = {
  heartbeatMillis: 100,
  silenceMillis: 400,
  attemptMillisMax: 1000,
  introductionMillisMax: 2000,
  strangersMax: 64,
  backoffMillisMin: 20,
  backoffMillisMax: 1000,
  frameBytesMax: LINK_FRAME_BYTES_MAX,
  bufferBytesMax: LINK_FRAME_BYTES_MAX,
  tls: undefined,
};
