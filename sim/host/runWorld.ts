import { World, type WorldSettings } from "../world.ts";
import { playWorld } from "./playWorld.ts";

/** Runs a world of one node to its end. */
export function runWorld(settings: WorldSettings): Promise<World> {
  return playWorld(() => new World(settings), settings.sabotage?.patch);
}
