import assert from "node:assert/strict";
import { type Life, Scheduler } from "../../../sim/kernel/scheduler.ts";
import { SimClock, simTimers } from "../../../sim/kernel/simClock.ts";
import { NO_COORDINATOR_FAULTS, SimCoordinator } from "../../../sim/node/simCoordinator.ts";
import { createPrng } from "../../../src/base/prng.ts";
import { err, ok, type Result } from "../../../src/base/result.ts";
import type { WorkerRecord } from "../../../src/coordination/workerRecord.ts";
import { encodeMove, type MoveRecord, parseMove } from "../../../src/core/slots/moveRecord.ts";
import { encodeSlotMap, parseSlotMap, type SlotMap, withSlotsMoved } from "../../../src/core/slots/slotMap.ts";
import { type ClusterSettings, parseSettings } from "../../../src/master/clusterSettings.ts";
import { Master, type MasterOptions } from "../../../src/master/master.ts";
import type { Coordinator } from "../../../src/ports/coordinator.ts";
import type { HandOverRequest, WorkerCaller, WorkerCalls, WorkerTarget } from "../../../src/ports/workerCalls.ts";

export const SESSION_MILLIS = 2000;
const SLICE_MILLIS = 20;
const UNTIL_MILLIS_MAX = 120_000;

/** Masters over an ensemble in virtual time, and groups that do nothing of their own accord. */
export class MasterStage {
  readonly scheduler: Scheduler;
  readonly ensemble: SimCoordinator;
  readonly clock: SimClock;
  readonly lives = new Map<string, Life>();
  readonly masters = new Map<string, Master>();
  readonly notices: string[] = [];
  /** What workers say when they are asked for their heat. */
  readonly heat = new Map<string, object>();
  readonly handOvers: { readonly target: WorkerTarget; readonly request: HandOverRequest }[] = [];
  readonly sessions = new Map<string, Coordinator>();
  readonly #hand: Coordinator;

  constructor(seed = "masters", faults = NO_COORDINATOR_FAULTS) {
    this.scheduler = new Scheduler(createPrng(`${seed}/ties`));
    this.ensemble = new SimCoordinator({
      scheduler: this.scheduler,
      prng: createPrng(seed),
      sessionMillis: SESSION_MILLIS,
      faults,
    });
    this.clock = new SimClock(this.scheduler);
    this.#hand = this.connect("hand");
  }

  connect(name: string): Coordinator {
    const life = { alive: true };
    this.lives.set(name, life);
    const coordinator = this.ensemble.connect(name, life);
    this.sessions.set(name, coordinator);
    return coordinator;
  }

  async pass(millis: number): Promise<void> {
    let isOver = false;
    this.scheduler.after(millis * 1000, undefined, "passed", () => {
      isOver = true;
    });
    while (!isOver) await this.#step();
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    for (let waited = 0; !isSo(); waited += SLICE_MILLIS) {
      const why = [...this.masters.values()].flatMap((master) => master.why(10)).map(({ text }) => text);
      assert.ok(waited < UNTIL_MILLIS_MAX, `never so: ${what}\n${[...this.notices, ...why].join("\n")}`);
      await this.pass(SLICE_MILLIS);
    }
  }

  async result<T>(pending: Promise<T>): Promise<T> {
    let isOver = false;
    const done = pending.finally(() => {
      isOver = true;
    });
    done.catch(() => undefined);
    await turn();
    while (!isOver) await this.#step();
    return done;
  }

  async value<T, E>(pending: Promise<Result<T, E>>): Promise<T> {
    const result = await this.result(pending);
    assert.ok(result.ok, JSON.stringify(result));
    return result.value;
  }

  async #step(): Promise<void> {
    assert.ok(this.scheduler.step(), "nothing happens any more");
    await turn();
  }

  /** Starts a master; it is there at once, and may not be active. */
  async master(id: string, options: Partial<MasterOptions> = {}): Promise<Master> {
    const coordinator = this.connect(id);
    const life = this.lives.get(id)!;
    const starting = Master.start({
      ...{ coordinator, calls: this.#calls(), clock: this.clock, timers: simTimers(this.scheduler, life) },
      random: createPrng(`${id} ${this.scheduler.nowMicros}`),
      record: { id, rpc: `${id}:7000`, http: "", version: "1" },
      options: { settleMillis: 300, ...options },
      onNotice: (text) => this.notices.push(`${id}: ${text}`),
    });
    const master = await this.result(starting);
    this.masters.set(id, master);
    return master;
  }

  /** Its process ends without a word. */
  kill(id: string): void {
    this.lives.get(id)!.alive = false;
    this.masters.delete(id);
  }

  /** It stands still, and nobody hears of it. */
  pause(id: string): void {
    this.lives.get(id)!.isPaused = true;
    this.ensemble.cut(id);
  }

  resume(id: string): void {
    this.ensemble.heal(id);
    this.scheduler.resume(this.lives.get(id)!);
  }

  get active(): Master {
    const active = [...this.masters.values()].filter(({ isActive }) => isActive);
    assert.equal(active.length, 1, "exactly one is active");
    return active[0]!;
  }

  /** A group of workers that is there, with its configuration; each worker is a machine of its own, or on one of `hosts`. */
  async group(id: string, replicas = 1, hosts: readonly string[] = []): Promise<void> {
    const workers = Array.from({ length: replicas }, (_, i) => `${id}-${i + 1}`);
    for (const [i, worker] of workers.entries()) await this.worker(worker, id, hosts[i]);
    const [primary, ...secondaries] = workers.map((worker) => ({ id: worker, incarnation: 1 }));
    await this.put(`/groups/${id}`, "");
    await this.put(`/groups/${id}/config`, JSON.stringify({ epoch: 1, primary, secondaries }));
  }

  async worker(id: string, group: string, host = id): Promise<void> {
    const record: WorkerRecord = {
      ...{ group, incarnation: 1, link: `${host}:1`, rpc: `${host}:2`, resp: `${host}:3` },
      ...{ data: id, version: "1", pid: 1 },
    };
    const coordinator = this.connect(id);
    await this.value(coordinator.create(`/workers/${id}`, JSON.stringify(record), { kind: "session" }));
  }

  /** Writes a znode as somebody else's hand would. */
  async put(path: string, data: string): Promise<void> {
    const read = await this.result(this.#hand.get(path, { sync: true }));
    if (read.ok) await this.value(this.#hand.replace(path, data, read.value.version));
    else await this.value(this.#hand.create(path, data, { kind: "durable" }));
  }

  get slots(): SlotMap | undefined {
    const text = this.ensemble.peek("/slots");
    return text === undefined ? undefined : parseSlotMap(text);
  }

  get settings(): ClusterSettings {
    return parseSettings(this.ensemble.peek("/settings") ?? "")!;
  }

  get locked(): string[] {
    const text = this.ensemble.peek("/migrations") || '{"active":{}}';
    return Object.keys((JSON.parse(text) as { active: object }).active).sort();
  }

  async moves(): Promise<MoveRecord[]> {
    const names = await this.value(this.#hand.children("/migrations", { sync: true }));
    return names.flatMap((name) => parseMove(this.ensemble.peek(`/migrations/${name}`) ?? "") ?? []);
  }

  /** Does what the two groups do until a move is over. */
  async carryOut(move: MoveRecord, end: "flipped" | "aborted" = "flipped"): Promise<void> {
    const over = {
      ...move,
      state: end,
      targetDone: true,
      sourceDone: true,
      ...(end === "aborted" && { reason: "refused" }),
    };
    if (end === "flipped") {
      await this.put("/slots", encodeSlotMap(withSlotsMoved(this.slots!, move.slots, move.target)));
    }
    await this.put(`/migrations/${move.id}`, encodeMove(over));
  }

  /** Carries out all moves until there are none for a while. */
  async carryOutAll(): Promise<MoveRecord[]> {
    const done: MoveRecord[] = [];
    for (let quiet = 0; quiet < 10; quiet++) {
      for (const move of await this.moves()) {
        if (move.state !== "planned") continue;
        await this.carryOut(move);
        done.push(move);
        quiet = 0;
      }
      await this.pass(300);
    }
    return done;
  }

  #calls(): WorkerCalls {
    return {
      serve: () => assert.fail("a master serves nothing of this kind"),
      caller: (_address, target) => this.#caller(target),
    };
  }

  #caller(target: WorkerTarget): WorkerCaller {
    const caller: Partial<WorkerCaller> = {
      heat: async () => {
        const heat = this.heat.get(target.replica);
        return heat === undefined ? err({ code: "unavailable", message: "nobody answers" }) : ok(JSON.stringify(heat));
      },
      handOver: async (request) => {
        this.handOvers.push({ target, request });
        return ok(request.epoch + 1);
      },
      close: () => undefined,
    };
    return caller as WorkerCaller;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
