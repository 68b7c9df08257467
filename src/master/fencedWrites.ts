import { err, ok, type Result } from "../base/result.ts";
import type { Coordinator, MultiError, MultiOperation } from "../ports/coordinator.ts";
import type { Reign } from "./election.ts";
import { MASTERS } from "./masterRecord.ts";

/**
 * - `fenced`: there is a successor; nothing was done, and nothing will be.
 * - `refused`: what it was made from is not so any more; nothing was done.
 * - `unavailable`: certainly nothing was done; it may be tried again.
 * - `unknown`: it may have been done, or may be done later: what is there then decides, by its versions.
 */
export type WriteError =
  | { readonly code: "fenced" }
  | { readonly code: "refused"; readonly error: MultiError }
  | { readonly code: "unavailable" | "unknown"; readonly message: string };

export interface WriteEvents {
  readonly onFenced: () => void;
  /** What was read may be old, or it is not known what there is now. */
  readonly onDoubt: () => void;
}

/** The only way in which an active master writes: all or nothing, and only as long as nobody has succeeded it. */
export class FencedWrites {
  readonly #coordinator: Coordinator;
  readonly #reign: Reign;
  readonly #events: WriteEvents;

  constructor(coordinator: Coordinator, reign: Reign, events: WriteEvents) {
    this.#coordinator = coordinator;
    this.#reign = reign;
    this.#events = events;
  }

  get epoch(): number {
    return this.#reign.epoch;
  }

  async write(operations: readonly MultiOperation[]): Promise<Result<void, WriteError>> {
    const check = { op: "check", path: `${MASTERS}/epoch`, version: this.#reign.version } as const;
    const done = await this.#coordinator.multi([check, ...operations]);
    if (done.ok) return ok(undefined);
    const { error } = done;
    if (error.index === 0) {
      this.#events.onFenced();
      return err({ code: "fenced" });
    }
    this.#events.onDoubt();
    switch (error.code) {
      case "unknown":
        return err({ code: "unknown", message: error.message });
      case "unavailable":
        return err({ code: "unavailable", message: error.message });
      case "session_lost":
      case "closed":
        return err({ code: "unavailable", message: "the session at the coordinator is over" });
      default:
        return err({ code: "refused", error });
    }
  }
}
