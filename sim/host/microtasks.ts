import { setFlagsFromString } from "node:v8";

/**
 * Lets everything that waits for a promise go on, at once, if this V8 can be asked to. Works only outside of promises: in a
 * callback of `setImmediate`, for example. It costs a third of a turn of the event loop.
 */
export function microtaskCheckpoint(): (() => void) | undefined {
  try {
    setFlagsFromString("--allow-natives-syntax");
    return new Function("%PerformMicrotaskCheckpoint()") as () => void;
  } catch {
    return undefined;
  } finally {
    setFlagsFromString("--no-allow-natives-syntax");
  }
}

/** Whether the checkpoint does what it should. */
export function drains(checkpoint: () => void): boolean {
  let isDrained = false;
  void Promise.resolve()
    .then(() => undefined)
    .then(() => {
      isDrained = true;
    });
  checkpoint();
  return isDrained;
}
