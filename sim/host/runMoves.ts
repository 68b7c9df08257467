import { MoveWorld, type MoveWorldSettings } from "../migration/moveWorld.ts";
import { openSeat } from "./clusterSeat.ts";
import { playWorld } from "./playWorld.ts";

/** Tells a story of slots that move, to its end. */
export function runMoves(settings: Omit<MoveWorldSettings, "openSeat">): Promise<MoveWorld> {
  return playWorld(() => new MoveWorld({ ...settings, openSeat }));
}
