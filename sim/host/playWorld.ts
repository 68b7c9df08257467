import { installNativeLatin1 } from "../../src/platform/nativeLatin1.ts";
import { memoryIsFree, recycleMemory } from "../recycledMemory.ts";
import { Violation } from "../violation.ts";
import { drains, microtaskCheckpoint } from "./microtasks.ts";
import { withoutTheRealWorld } from "./realWorld.ts";

/** A world that goes on event by event. */
export interface Playable {
  readonly isOver: boolean;
  /** Lets one event happen; false when the world is over. Promises must settle before the next call. */
  step(): boolean;
  fail(violation: Violation): void;
}

installNativeLatin1();
recycleMemory();
const checkpoint = microtaskCheckpoint();
const macrotask = setImmediate;

/** Makes a world and runs it to its end. `patch` changes the program meanwhile, and answers how to undo that. */
export async function playWorld<W extends Playable>(make: () => W, patch?: () => () => void): Promise<W> {
  const rejections: unknown[] = [];
  const listen = (reason: unknown): void => void rejections.push(reason);
  process.on("unhandledRejection", listen);
  const unpatch = patch?.();
  let world: W;
  try {
    world = await inMacrotask(() => withoutTheRealWorld(() => playAtOnce(make)));
    while (!world.isOver) await inMacrotask(() => withoutTheRealWorld(() => world.step()));
    await inMacrotask(() => undefined);
  } finally {
    unpatch?.();
    memoryIsFree();
    process.off("unhandledRejection", listen);
  }
  for (const reason of rejections) {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    world.fail(new Violation("no promise is left alone", text));
  }
  return world;
}

/** The whole run in one turn of the event loop, if promises can be settled within it. */
function playAtOnce<W extends Playable>(make: () => W): W {
  const world = make();
  if (checkpoint === undefined || !drains(checkpoint)) return world;
  while (world.step()) checkpoint();
  return world;
}

function inMacrotask<T>(run: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    macrotask(() => {
      try {
        resolve(run());
      } catch (error) {
        reject(error);
      }
    });
  });
}
