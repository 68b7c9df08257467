import type { LinkIdentity, LinkRefusalCode } from "./link.ts";

/** Raised with every change of what links carry between processes. */
export const LINK_VERSION = 1;

/** What both ends say first. */
export interface LinkHello {
  readonly version: number;
  readonly identity: LinkIdentity;
  /** Drawn at the start of the process, below 2^48: tells a process that calls again from another one with the same id. */
  readonly process: number;
  /** The replica that is meant to hear it. */
  readonly to: string;
}

export interface LinkObjection {
  readonly code: LinkRefusalCode;
  readonly message: string;
}

/** Whether the one who says `hello` may have a link with `self`, as far as the two can tell by what they say; every adapter asks. */
export function objectionTo(hello: LinkHello, self: LinkIdentity): LinkObjection | undefined {
  const { identity, version, to } = hello;
  if (version !== LINK_VERSION)
    return { code: "version", message: `speaks version ${version} of the links, not ${LINK_VERSION}` };
  if (identity.cluster !== self.cluster)
    return { code: "cluster", message: `belongs to cluster ${identity.cluster}, not ${self.cluster}` };
  if (identity.group !== self.group)
    return { code: "group", message: `belongs to group ${identity.group}, not ${self.group}` };
  if (to !== self.replica) return { code: "wrong_replica", message: `looks for ${to}, this is ${self.replica}` };
  if (identity.replica === self.replica)
    return { code: "wrong_replica", message: `has the id of this replica, ${self.replica}` };
  return undefined;
}

/** Of two replicas one dials, so that there is never a second link: the one whose id sorts first. */
export function dials(self: string, peer: string): boolean {
  return self < peer;
}
