import { type ClusterSettings, ClusterWorld } from "../cluster/clusterWorld.ts";
import { openSeat } from "./clusterSeat.ts";
import { playWorld } from "./playWorld.ts";

export type RunSettings = Omit<ClusterSettings, "openSeat">;

/** Runs a world of several whole nodes to its end. */
export function runCluster(settings: RunSettings): Promise<ClusterWorld> {
  return playWorld(() => new ClusterWorld({ ...settings, openSeat }), settings.sabotage?.patch);
}
