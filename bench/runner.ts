import type { Lineup } from "./lineup.ts";
import { prepare } from "./preparation.ts";
import { readCpuMillis, readMachineCpuMillis, settle } from "./procfs.ts";
import { driveLoad, type Outcome } from "./redisBenchmark.ts";
import { type Contender, type Host, Server } from "./servers.ts";
import { median } from "./statistics.ts";
import { type Cell, datasetOf, type Workload } from "./workloads.ts";

/** A load that failed is tried again so often. */
const REPEATS_MAX = 2;

/** One measured load on one server. */
interface Sample extends Outcome {
  /** CPU of all its threads and finished children, with the background work that the load left behind. */
  cpuMicrosPerRequest: number;
  /** Cores that neither the server nor the client used, but something else did: it blurs the figures. */
  foreignCores: number;
}

/** What one server did in a cell: a sample a round, and the medians. */
export interface Measurement {
  samples: Sample[];
  median: Sample;
}

export interface CellResult {
  cell: Cell;
  requests: number;
  reference: Measurement;
  holdfast: Measurement;
  unlogged: Measurement | undefined;
  ratio: Ratio;
  /** The servers whose loads failed and were repeated. */
  failed: readonly string[];
}

/** Throughput of Holdfast by that of the reference: of the medians, and the extremes of the rounds. */
interface Ratio {
  median: number;
  min: number;
  max: number;
}

export interface Pace {
  rounds: number;
  /** Length of one load, about, at the reference's rate. */
  seconds: number;
}

/** No load sends more bytes than this, whatever the pace: a disk would decide the figure. */
const loadBytesMax = 512 * 2 ** 20;
const trialBytesMax = 32 * 2 ** 20;
/** Holdfast may be this much slower than the reference before its load is shortened for its sake. */
const slownessMax = 4;
/** Longer than a second, for servers flush and sync once a second. */
const settleAfterLoad = { quietMillis: 1_200, timeoutMillis: 120_000 };
const settleAfterRun = { quietMillis: 100, timeoutMillis: 5_000 };

/**
 * The servers of one promise, all started, all frozen but the one whose turn it is. So each has the core for itself,
 * and each pays for its own background work.
 */
export class Runner {
  readonly lineup: Lineup;
  readonly #pace: Pace;
  readonly #servers = new Map<Contender, Server>();
  /** Whose loads failed and were repeated, in the present cell. */
  #failed: string[] = [];

  private constructor(lineup: Lineup, pace: Pace) {
    this.lineup = lineup;
    this.#pace = pace;
  }

  /** Starts and warms up every server of the line-up. */
  static async start(lineup: Lineup, host: Host, pace: Pace): Promise<Runner> {
    const runner = new Runner(lineup, pace);
    const contenders = [lineup.reference, lineup.unlogged, lineup.holdfast];
    for (const contender of contenders) {
      if (contender === undefined) continue;
      const server = await Server.start(contender, host);
      runner.#servers.set(contender, server);
      await warmUp(server);
      server.freeze();
    }
    return runner;
  }

  /** Measures one cell in rounds; every other round goes through the servers in the opposite order. */
  async measure(cell: Cell): Promise<CellResult> {
    const { workload } = cell;
    this.#failed = [];
    const requests = await this.#planRequests(workload);
    const samples = new Map<Contender, Sample[]>([...this.#servers.keys()].map((contender) => [contender, []]));
    for (let round = 0; round < this.#pace.rounds; round++) {
      const order = [...this.#servers.values()];
      if (round % 2 === 1) order.reverse();
      for (const server of order) {
        samples.get(server.contender)?.push(await this.#turn(server, () => measureLoad(server, workload, requests)));
      }
    }
    const measurement = (contender: Contender): Measurement => summarize(samples.get(contender) ?? []);
    const { reference, holdfast, unlogged } = this.lineup;
    const result = { reference: measurement(reference), holdfast: measurement(holdfast) };
    return {
      cell,
      requests,
      ...result,
      unlogged: unlogged === undefined ? undefined : measurement(unlogged),
      ratio: ratioOf(result.holdfast, result.reference),
      failed: this.#failed,
    };
  }

  /** The server of a contender; it is frozen. */
  server(contender: Contender): Server {
    const server = this.#servers.get(contender);
    if (server === undefined) throw new Error(`${contender.name} is not in the line-up`);
    return server;
  }

  /** Ends all servers and removes their data. */
  discard(): void {
    for (const server of this.#servers.values()) server.discard();
    this.#servers.clear();
  }

  /** Runs `work` while this server alone is awake; once more, and once more, if it fails. */
  async #turn<T>(server: Server, work: () => Promise<T>): Promise<T> {
    const { name } = server.contender;
    server.thaw();
    try {
      for (let repeats = 0; ; repeats++) {
        try {
          return await work();
        } catch (error) {
          // One connection that was lost is not to cost an hour's measurement; it is not passed over in silence either.
          if (repeats === REPEATS_MAX)
            throw new Error(`${name} failed; its last output:\n${server.output}`, { cause: error });
          this.#failed.push(name);
          console.error(`${name}: a load failed, and is repeated: ${error instanceof Error ? error.message : error}`);
        }
      }
    } finally {
      server.freeze();
    }
  }

  /**
   * Lets each server run the workload briefly, to warm it up for it, and plans the length of the measured loads by the
   * reference's rate. All servers get the same number of requests.
   */
  async #planRequests(workload: Workload): Promise<number> {
    const bytes = requestBytes(workload);
    const inFlight = workload.clients * workload.pipeline;
    const trial = Math.max(inFlight, Math.min(4 * inFlight + 2_000, Math.floor(trialBytesMax / bytes)));
    const rates = new Map<Contender, number>();
    for (const server of this.#servers.values()) {
      const outcome = await this.#turn(server, () => measureLoad(server, workload, trial));
      rates.set(server.contender, outcome.requestsPerSecond);
    }
    const referenceRate = rates.get(this.lineup.reference) ?? 0;
    const slowestRate = Math.min(...rates.values());
    const wanted = Math.min(referenceRate, slowestRate * slownessMax) * this.#pace.seconds;
    return Math.max(inFlight, Math.min(Math.ceil(wanted), Math.floor(loadBytesMax / bytes)));
  }
}

/** Brings hot paths of a fresh server into shape (a JavaScript server compiles them while they run). */
async function warmUp(server: Server): Promise<void> {
  for (const test of ["set", "get"] as const) {
    await driveLoad(server, { test, clients: 50, pipeline: 16, valueBytes: 100, keys: 10_000, requests: 50_000 });
  }
}

async function measureLoad(server: Server, workload: Workload, requests: number): Promise<Sample> {
  const hasLoaded = await prepare(server, datasetOf(workload));
  if (hasLoaded) await settle(server.pid, settleAfterLoad);
  const cpuBefore = readCpuMillis(server.pid);
  const foreignBefore = foreignCpuMillis(server);
  const start = performance.now();
  const outcome = await driveLoad(server, { ...workload, requests });
  const foreignMillis = foreignCpuMillis(server) - foreignBefore;
  const elapsedMillis = performance.now() - start;
  await settle(server.pid, settleAfterRun);
  return {
    ...outcome,
    cpuMicrosPerRequest: ((readCpuMillis(server.pid) - cpuBefore) * 1_000) / requests,
    foreignCores: Math.max(0, foreignMillis / elapsedMillis),
  };
}

/** CPU time of all but the server, this process and its children; `redis-benchmark` has ended and counts as a child. */
function foreignCpuMillis(server: Server): number {
  return readMachineCpuMillis() - readCpuMillis(server.pid) - readCpuMillis(process.pid);
}

function summarize(samples: Sample[]): Measurement {
  const medianOf = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  return {
    samples,
    median: {
      requestsPerSecond: medianOf((sample) => sample.requestsPerSecond),
      p50Millis: medianOf((sample) => sample.p50Millis),
      p99Millis: medianOf((sample) => sample.p99Millis),
      cpuMicrosPerRequest: medianOf((sample) => sample.cpuMicrosPerRequest),
      foreignCores: medianOf((sample) => sample.foreignCores),
    },
  };
}

/** Throughput ratio; `min` and `max` compare the samples that were taken in the same round. */
function ratioOf(subject: Measurement, reference: Measurement): Ratio {
  const rounds = subject.samples.map(
    (sample, round) => sample.requestsPerSecond / (reference.samples[round]?.requestsPerSecond ?? Number.NaN),
  );
  return {
    median: subject.median.requestsPerSecond / reference.median.requestsPerSecond,
    min: Math.min(...rounds),
    max: Math.max(...rounds),
  };
}

function requestBytes(workload: Workload): number {
  return (workload.valueBytes + 64) * (workload.test === "mset" ? 10 : 1);
}
