import { sessionKeyBits } from "./sessionKey.ts";
import type { Ref } from "./slab.ts";

/** As many as four sessions have that write to all slots; 256 KiB, once there is a session. */
const PLACES = 1 << 16;

/**
 * Where rows of sessions were when they were looked up last. A place may be out of date, or that of another row: whoever takes it looks
 * whether the row is there.
 */
export class SessionPlaces {
  #refs: Uint32Array | undefined;

  /** Where the row with this key was; 0: unknown. */
  of(key: Uint8Array): Ref {
    return this.#refs === undefined ? 0 : this.#refs[sessionKeyBits(key) % PLACES]!;
  }

  set(key: Uint8Array, ref: Ref): void {
    this.#refs ??= new Uint32Array(PLACES);
    this.#refs[sessionKeyBits(key) % PLACES] = ref;
  }
}
