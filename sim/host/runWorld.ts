import { installNativeLatin1 } from "../../src/platform/nativeLatin1.ts";
import { memoryIsFree, recycleMemory } from "../recycledMemory.ts";
import { Violation } from "../violation.ts";
import { World, type WorldSettings } from "../world.ts";
import { drains, microtaskCheckpoint } from "./microtasks.ts";
import { withoutTheRealWorld } from "./realWorld.ts";

installNativeLatin1();
recycleMemory();
const checkpoint = microtaskCheckpoint();
const macrotask = setImmediate;

/** Runs a world to its end. */
export async function runWorld(settings: WorldSettings): Promise<World> {
  const rejections: unknown[] = [];
  const listen = (reason: unknown): void => void rejections.push(reason);
  process.on("unhandledRejection", listen);
  const unpatch = settings.sabotage?.patch?.();
  let world: World;
  try {
    world = await inMacrotask(() => withoutTheRealWorld(() => runAtOnce(settings)));
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
function runAtOnce(settings: WorldSettings): World {
  const world = new World(settings);
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
