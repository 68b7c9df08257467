import { SLOT_COUNT } from "../../core/slots/slotRanges.ts";
import type { GaugeSample } from "../../gateway/http/gaugePage.ts";
import type { MasterApi, MoveTopology } from "../../master/masterApi.ts";
import { VERSION } from "../version.ts";

const MOVE_STATES: readonly MoveTopology["state"][] = ["planned", "copying", "flipped", "aborted"];

/** What `/metrics` of a master tells. */
export function masterFigures({ topology }: MasterApi): readonly GaugeSample[] {
  const { groups, workers, masters, moves, slotMap, notices, settings } = topology;
  const isActive = masters.some((master) => master.isSelf && master.isActive);
  const assigned = groups.reduce((sum, { slotCount }) => sum + slotCount, 0);
  const byGroup = (value: (group: (typeof groups)[number]) => number): GaugeSample["values"] =>
    groups.map((group) => ({ labels: { group: group.id }, value: value(group) }));
  return [
    gauge("holdfast_info", "Always 1; the version is a label.", [{ labels: { version: VERSION }, value: 1 }]),
    gauge("holdfast_master_active", "1 at the active master, 0 at a standby.", one(isActive ? 1 : 0)),
    gauge("holdfast_masters", "Masters that are registered.", one(masters.length)),
    gauge(
      "holdfast_group_slots",
      "Slots of each group.",
      byGroup(({ slotCount }) => slotCount),
    ),
    gauge(
      "holdfast_group_weight",
      "Weight of each group.",
      byGroup(({ weight }) => weight),
    ),
    gauge(
      "holdfast_group_has_primary",
      "1 if its primary is registered.",
      byGroup((each) => (each.hasPrimary ? 1 : 0)),
    ),
    gauge("holdfast_slots_unassigned", "Slots that no group has.", one(SLOT_COUNT - assigned)),
    gauge("holdfast_slots_version", "Version of the assignment of slots.", one(slotMap?.version ?? 0)),
    gauge("holdfast_workers_present", "Workers that are registered.", one(count(workers, (each) => each.isPresent))),
    gauge("holdfast_spares", "Workers of no group.", one(count(workers, ({ role }) => role === "spare"))),
    gauge(
      "holdfast_moves",
      "Moves that are not over, by state.",
      MOVE_STATES.map((state) => ({ labels: { state }, value: count(moves, (move) => move.state === state) })),
    ),
    gauge("holdfast_requests_waiting", "Commands to migrate that are not done.", one(settings.requests.length)),
    gauge("holdfast_notices", "Things that are wrong, by the master's sentences.", one(notices.length)),
    gauge("process_resident_memory_bytes", "Resident memory.", one(process.memoryUsage.rss())),
  ];
}

function gauge(name: string, help: string, values: GaugeSample["values"]): GaugeSample {
  return { name, help, values };
}

function one(value: number): GaugeSample["values"] {
  return [{ value }];
}

function count<T>(list: readonly T[], is: (each: T) => boolean): number {
  return list.reduce((sum, each) => sum + (is(each) ? 1 : 0), 0);
}
