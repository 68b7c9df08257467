import { type ClusterSettings, ClusterWorld } from "../cluster/clusterWorld.ts";
import { openSeat } from "./clusterSeat.ts";
import { playWorld } from "./playWorld.ts";

/** Runs a world of several whole nodes to its end. */
export function runCluster(settings: Omit<ClusterSettings, "openSeat">): Promise<ClusterWorld> {
  return playWorld(() => new ClusterWorld({ ...settings, openSeat }), settings.sabotage?.patch);
}
