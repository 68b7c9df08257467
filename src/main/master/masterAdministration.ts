import { createHash } from "node:crypto";
import { err, ok, type Result } from "../../base/result.ts";
import type { MasterApi, MasterRefusal, MasterRequest, MoveTopology, RequestPlan } from "../../master/masterApi.ts";
import type {
  ClusterAdministration,
  ClusterCommand,
  ClusterDecision,
  ClusterHeat,
  ClusterPlan,
  ClusterRefusal,
  ClusterWork,
  MoveInWork,
} from "../../platform/rpc/clusterService.ts";

const FINGERPRINT_CHARACTERS = 16;

/** What a master does when it is asked over gRPC. */
export class MasterAdministration implements ClusterAdministration {
  readonly #api: MasterApi;

  constructor(api: MasterApi) {
    this.#api = api;
  }

  async plan(command: ClusterCommand): Promise<Result<ClusterPlan, ClusterRefusal>> {
    const standby = this.#standby();
    if (standby !== undefined) return err(standby);
    const planned = await this.#api.plan(requestOf(command));
    return planned.ok ? ok(publicPlan(planned.value)) : err(refusalOf(planned.error));
  }

  async execute(command: ClusterCommand, fingerprint: string): Promise<Result<ClusterPlan, ClusterRefusal>> {
    const standby = this.#standby();
    if (standby !== undefined) return err(standby);
    if (fingerprint !== "") {
      const planned = await this.plan(command);
      if (!planned.ok) return planned;
      if (planned.value.fingerprint !== fingerprint) {
        return err({ code: "changed", message: "the cluster has changed since this was planned; plan it again" });
      }
    }
    const executed = await this.#api.execute(requestOf(command));
    return executed.ok ? ok(publicPlan(executed.value)) : err(refusalOf(executed.error));
  }

  work(): Result<ClusterWork, ClusterRefusal> {
    const standby = this.#standby();
    if (standby !== undefined) return err(standby);
    const { moves, settings } = this.#api.topology;
    const { requests, isBalancing, paused } = settings;
    return ok({
      moves: moves.map(publicMove),
      wanted: requests.map(({ id, slots, to }) => ({ request: id, slots, to })),
      isBalancing,
      isPaused: paused,
    });
  }

  why(countMax: number): Result<readonly ClusterDecision[], ClusterRefusal> {
    const standby = this.#standby();
    if (standby !== undefined) return err(standby);
    return ok(this.#api.why(countMax).map(({ isExecuted, ...decision }) => ({ ...decision, executed: isExecuted })));
  }

  hot(countMax: number): Result<ClusterHeat, ClusterRefusal> {
    const standby = this.#standby();
    return standby === undefined ? ok(publicHeat(this.#api, countMax)) : err(standby);
  }

  /** Only the active master has the workers' reports and its own reasons. */
  #standby(): ClusterRefusal | undefined {
    const { masters } = this.#api.topology;
    if (masters.some(({ isSelf, isActive }) => isSelf && isActive)) return undefined;
    const active = masters.find(({ isActive }) => isActive)?.rpc;
    const message =
      active === undefined
        ? "this master is a standby, and none is active at the moment; ask again in a few seconds"
        : `this master is a standby; ask the active one at ${active}`;
    return { code: "standby", message, active };
  }
}

function requestOf(command: ClusterCommand): MasterRequest {
  switch (command.kind) {
    case "cancel":
    case "pause":
    case "resume":
      return { kind: command.kind, move: command.id };
    default:
      return command;
  }
}

function publicPlan({ sentences, moves, keys, bytes, request, isDone }: RequestPlan): ClusterPlan {
  const what = moves.map(({ slots, source, target }) => [source, target, slots]);
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([what, isDone]))
    .digest("hex");
  return {
    ...{ sentences, moves, keys, bytes, isDone },
    request: request ?? "",
    fingerprint: fingerprint.slice(0, FINGERPRINT_CHARACTERS),
  };
}

function refusalOf({ code, message, active }: MasterRefusal): ClusterRefusal {
  return code === "not_active" ? { code: "standby", message, active } : { code, message };
}

function publicMove(move: MoveTopology): MoveInWork {
  const { id, source, target, slots, state, paused, reason, plannedAt, progress } = move;
  const { keysDone = 0, keysAll = 0, bytesDone = 0, bytesAll = 0, bytesPerSecond = 0, lagMillis = 0 } = progress ?? {};
  const isKnown = state === "copying" && bytesPerSecond > 0 && bytesAll > 0;
  const millisLeft = isKnown ? (Math.max(0, bytesAll - bytesDone) / bytesPerSecond) * 1000 + lagMillis : undefined;
  return {
    ...{ id, source, target, slots, state, paused, reason, plannedAt },
    keysCopied: keysDone,
    keysTotal: keysAll,
    bytesCopied: bytesDone,
    bytesTotal: bytesAll,
    bytesPerSecond: Math.round(bytesPerSecond),
    lagMillis: Math.round(lagMillis),
    millisLeft: state === "flipped" || state === "aborted" ? 0 : millisLeft,
  };
}

/** The hottest slots and keys of the whole cluster. A slot's reads are those of all its group's workers. */
function publicHeat(api: MasterApi, countMax: number): ClusterHeat {
  const reports = api.heat();
  const slots = new Map<string, ClusterHeat["slots"][number]>();
  for (const { group, slots: reported } of reports) {
    for (const { slot, readsPerSecond, writesPerSecond, keys, bytes } of reported) {
      const sum = slots.get(`${group} ${slot}`);
      slots.set(`${group} ${slot}`, {
        ...{ slot, group },
        reads: (sum?.reads ?? 0) + readsPerSecond,
        writes: Math.max(sum?.writes ?? 0, writesPerSecond),
        keys: Math.max(sum?.keys ?? 0, keys),
        bytes: Math.max(sum?.bytes ?? 0, bytes),
      });
    }
  }
  const keys = reports.flatMap(({ group, topKeys }) =>
    topKeys.map(({ key, perSecond }) => ({ key, group, requests: perSecond })),
  );
  return {
    workers: reports.map(({ worker, group, at, readsPerSecond, writesPerSecond, bytesPerSecond, load }) => ({
      ...{ worker, group, load, at: Math.round(at) },
      ...{ reads: readsPerSecond, writes: writesPerSecond, bytes: bytesPerSecond },
    })),
    slots: [...slots.values()].sort((a, b) => b.reads + b.writes - a.reads - a.writes).slice(0, countMax),
    keys: keys.sort((a, b) => b.requests - a.requests).slice(0, countMax),
  };
}
