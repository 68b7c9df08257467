import type { KeySpace } from "../core/state/keySpace.ts";
import type { Mutator } from "../core/state/mutator.ts";
import type { WaitingClients } from "./waitingClients.ts";
import type { Watches } from "./watches.ts";

/** Who is to hear of the keys that mutations change. */
interface Listeners {
  readonly state: KeySpace;
  readonly mutator: Mutator;
  readonly watches: Watches;
  readonly waiting: WaitingClients;
}

/** Mutations are listened to only while somebody watches or waits. */
export function listenToTouches({ state, mutator, watches, waiting }: Listeners): void {
  if (watches.size === 0 && waiting.size === 0) {
    mutator.onTouch = undefined;
    return;
  }
  mutator.onTouch = (key) => {
    if (key === undefined) watches.touchAll((watched) => state.find(watched) !== 0);
    else {
      watches.touch(key);
      waiting.touch(key);
    }
  };
}
