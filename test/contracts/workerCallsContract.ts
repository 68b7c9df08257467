import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createPrng } from "../../src/base/prng.ts";
import { err, ok } from "../../src/base/result.ts";
import type { LinkAddress } from "../../src/ports/link.ts";
import {
  type CopyRequest,
  type HandOverRequest,
  type MoveStepRequest,
  SNAPSHOT_CHUNK_BYTES_MAX,
  type SnapshotRequest,
  type SnapshotSink,
  type TakeOverRequest,
  type WorkerCaller,
  type WorkerCallServer,
  type WorkerCalls,
  type WorkerService,
  type WorkerTarget,
} from "../../src/ports/workerCalls.ts";

/** Two machines, `a` that calls and `b` that answers. */
export interface CallWorld {
  readonly calls: (host: "a" | "b") => WorkerCalls;
  /** Lets time pass until the promise is settled. */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  /** Lets everything happen that needs no time. */
  readonly breathe: () => Promise<void>;
  readonly listen: LinkAddress;
  /** Where `a` finds what listens at `address`. */
  readonly route: (address: LinkAddress) => Promise<LinkAddress>;
  readonly cut: () => void;
  readonly dispose: () => Promise<void>;
}

const B: WorkerTarget = { cluster: "c1", group: "g1", replica: "b" };
const LIMITS = { deadlineMillis: 20_000, idleMillisMax: 5000 };

/** A worker whose answers are set by the test. */
class Worker implements WorkerService {
  pieces: Uint8Array[] = [];
  sourceEnded = 0;
  asked = 0;
  snapshots: SnapshotRequest[] = [];
  copies: CopyRequest[] = [];
  /** The source fails when so many pieces are out. */
  failsAt = Number.POSITIVE_INFINITY;

  async takeOver({ epoch }: TakeOverRequest) {
    this.asked++;
    return epoch === 5 ? ok(6) : err({ reason: "wrong_epoch", message: `the epoch is 5, not ${epoch}` });
  }

  async handOver({ epoch, to }: HandOverRequest) {
    return to === "c" ? ok(epoch + 1) : err({ reason: "another", message: `${to} is no member` });
  }

  async copySlots(request: CopyRequest) {
    this.copies.push(request);
    if (request.move === "none") return err({ reason: "no_move", message: "there is no such move" });
    return ok(this.#source());
  }

  async moveStep({ move, step }: MoveStepRequest) {
    return step === "close" ? ok(7) : err({ reason: "not_yet", message: `no ${step} of ${move}` });
  }

  async heat() {
    return JSON.stringify({ reads: 12 });
  }

  async status() {
    return JSON.stringify({ role: "secondary", note: "ü".repeat(10) });
  }

  async snapshot(request: SnapshotRequest) {
    this.snapshots.push(request);
    if (request.attempt === "none") return err({ reason: "busy", message: "one at a time" });
    return ok(this.#source());
  }

  isServing() {
    return true;
  }

  async *#source() {
    try {
      let count = 0;
      for (const piece of this.pieces) {
        if (count++ >= this.failsAt) throw new Error("the source has failed");
        yield piece;
      }
    } finally {
      this.sourceEnded++;
    }
  }
}

class Gatherer implements SnapshotSink {
  readonly chunks: Uint8Array[] = [];
  onChunk: () => Promise<void> = async () => undefined;

  async take(chunk: Uint8Array) {
    assert.ok(chunk.length > 0 && chunk.length <= SNAPSHOT_CHUNK_BYTES_MAX);
    this.chunks.push(chunk);
    await this.onChunk();
  }
}

/** What all `WorkerCalls` do. */
export function workerCallsContract(name: string, make: () => Promise<CallWorld>): void {
  describe(`the contract of calls between workers: ${name}`, () => {
    let world: CallWorld;
    let worker: Worker;
    let server: WorkerCallServer;
    let callers: WorkerCaller[];

    beforeEach(async () => {
      world = await make();
      worker = new Worker();
      const served = await world.calls("b").serve({ listen: world.listen, self: B, service: worker });
      assert.ok(served.ok);
      server = served.value;
      callers = [];
    });
    afterEach(async () => {
      for (const each of callers) each.close();
      await server.close(50);
      await world.dispose();
    });

    const caller = async (target: Partial<WorkerTarget> = {}, address?: LinkAddress): Promise<WorkerCaller> => {
      const made = world.calls("a").caller(address ?? (await world.route(server.address)), { ...B, ...target });
      callers.push(made);
      return made;
    };

    test("a question is answered, or refused with a reason", async () => {
      const b = await caller();
      assert.deepEqual(await world.settle(b.takeOver({ epoch: 5 }, 5000)), ok(6));
      assert.deepEqual(
        await world.settle(b.takeOver({ epoch: 4 }, 5000)),
        err({ code: "refused", reason: "wrong_epoch", message: "the epoch is 5, not 4" }),
      );
      const status = await world.settle(b.status(5000));
      assert.ok(status.ok);
      assert.deepEqual(JSON.parse(status.value), { role: "secondary", note: "ü".repeat(10) });
      const anybody = await caller({ replica: "" });
      assert.ok((await world.settle(anybody.status(5000))).ok);
    });

    test("nobody answers for another cluster, group or replica", async () => {
      for (const target of [{ cluster: "c2" }, { group: "g2" }, { replica: "c" }]) {
        const wrong = await caller(target);
        const transfer = wrong.snapshot({ attempt: "x", from: 0 }, new Gatherer(), LIMITS);
        for (const answer of [
          await world.settle(wrong.takeOver({ epoch: 5 }, 5000)),
          await world.settle(wrong.status(5000)),
          await world.settle(transfer.done),
        ])
          assert.equal(answer.ok ? "" : answer.error.code, "wrong_target");
      }
      assert.deepEqual([worker.asked, worker.snapshots], [0, []]);
    });

    test("a snapshot of pieces of any size arrives whole", async () => {
      const prng = createPrng("snapshot");
      for (const size of [1, 0, 1000, SNAPSHOT_CHUNK_BYTES_MAX, SNAPSHOT_CHUNK_BYTES_MAX + 1, 3_000_000, 7]) {
        const piece = new Uint8Array(size);
        prng.fill(piece);
        worker.pieces.push(piece);
      }
      const sink = new Gatherer();
      const b = await caller();
      const done = await world.settle(b.snapshot({ attempt: "w7", from: 12 }, sink, LIMITS).done);
      const expected = Buffer.concat(worker.pieces);
      assert.deepEqual(done, ok({ bytes: expected.length, chunks: sink.chunks.length }));
      assert.equal(Buffer.compare(Buffer.concat(sink.chunks), expected), 0);
      assert.deepEqual(worker.snapshots, [{ attempt: "w7", from: 12 }]);
      assert.equal(worker.sourceEnded, 1);
    });

    test("slots are copied as a snapshot is, and the request arrives as it was made (question 8)", async () => {
      worker.pieces = [new Uint8Array(10).fill(1), new Uint8Array(SNAPSHOT_CHUNK_BYTES_MAX + 1).fill(2)];
      const sink = new Gatherer();
      const b = await caller();
      const request: CopyRequest = {
        move: "m7",
        slots: [
          [0, 0],
          [5, 16_383],
        ],
        from: 2 ** 40,
      };
      const done = await world.settle(b.copySlots(request, sink, LIMITS).done);
      assert.deepEqual(done, ok({ bytes: SNAPSHOT_CHUNK_BYTES_MAX + 11, chunks: 3 }));
      assert.equal(Buffer.compare(Buffer.concat(sink.chunks), Buffer.concat(worker.pieces)), 0);
      assert.deepEqual(worker.copies, [request]);
      const refused = await world.settle(b.copySlots({ ...request, move: "none" }, sink, LIMITS).done);
      assert.deepEqual(refused, err({ code: "refused", reason: "no_move", message: "there is no such move" }));
    });

    test("a move's steps, a hand-over and the heat are answered", async () => {
      const b = await caller();
      assert.deepEqual(await world.settle(b.moveStep({ move: "m7", step: "close" }, 5000)), ok(7));
      for (const step of ["seal", "release"] as const) {
        const message = `no ${step} of m7`;
        const refused = err({ code: "refused", reason: "not_yet", message });
        assert.deepEqual(await world.settle(b.moveStep({ move: "m7", step }, 5000)), refused);
      }
      assert.deepEqual(await world.settle(b.handOver({ epoch: 5, to: "c" }, 5000)), ok(6));
      const refused = err({ code: "refused", reason: "another", message: "x is no member" });
      assert.deepEqual(await world.settle(b.handOver({ epoch: 5, to: "x" }, 5000)), refused);
      assert.deepEqual(await world.settle(b.heat(5000)), ok('{"reads":12}'));
    });

    test("an empty snapshot is one", async () => {
      const b = await caller();
      const done = await world.settle(b.snapshot({ attempt: "w7", from: 0 }, new Gatherer(), LIMITS).done);
      assert.deepEqual(done, ok({ bytes: 0, chunks: 0 }));
    });

    test("a refused snapshot says why", async () => {
      const b = await caller();
      const done = await world.settle(b.snapshot({ attempt: "none", from: 0 }, new Gatherer(), LIMITS).done);
      assert.deepEqual(done, err({ code: "refused", reason: "busy", message: "one at a time" }));
    });

    test("the source is asked no faster than the sink takes", async () => {
      let out = 0;
      const piece = new Uint8Array(SNAPSHOT_CHUNK_BYTES_MAX);
      worker.pieces = Array.from({ length: 200 }, () => piece);
      const pieces = worker.pieces;
      worker.pieces = {
        *[Symbol.iterator]() {
          for (const each of pieces) {
            out++;
            yield each;
          }
        },
      } as unknown as Uint8Array[];
      const sink = new Gatherer();
      let ahead = 0;
      sink.onChunk = async () => {
        ahead = Math.max(ahead, out - sink.chunks.length);
        await world.breathe();
      };
      const b = await caller();
      const done = await world.settle(b.snapshot({ attempt: "w7", from: 0 }, sink, LIMITS).done);
      assert.deepEqual(done, ok({ bytes: 200 * piece.length, chunks: 200 }));
      assert.ok(ahead < 40, `${ahead} chunks were under way`);
    });

    test("a learner that gives up ends the source", async () => {
      worker.pieces = Array.from({ length: 500 }, () => new Uint8Array(SNAPSHOT_CHUNK_BYTES_MAX));
      const sink = new Gatherer();
      const b = await caller();
      const transfer = b.snapshot({ attempt: "w7", from: 0 }, sink, LIMITS);
      sink.onChunk = async () => transfer.cancel();
      const done = await world.settle(transfer.done);
      assert.equal(done.ok ? "" : done.error.code, "cancelled");
      await world.settle(new Promise((resolve) => setTimeout(resolve, 200)));
      assert.equal(worker.sourceEnded, 1);
      assert.ok(sink.chunks.length < 100);
    });

    test("a sink that fails ends the transfer with its error", async () => {
      worker.pieces = Array.from({ length: 50 }, () => new Uint8Array(SNAPSHOT_CHUNK_BYTES_MAX));
      const sink = new Gatherer();
      sink.onChunk = () => Promise.reject(new Error("the disk is full"));
      const b = await caller();
      await assert.rejects(world.settle(b.snapshot({ attempt: "w7", from: 0 }, sink, LIMITS).done), /disk is full/);
    });

    test("nobody there is unavailable, silence is a deadline", async () => {
      const nobody = await caller({}, { host: "127.0.0.1", port: 1 });
      const answer = await world.settle(nobody.status(5000));
      assert.equal(answer.ok ? "" : answer.error.code, "unavailable");
      const b = await caller();
      assert.ok((await world.settle(b.status(5000))).ok);
      world.cut();
      const late = await world.settle(b.takeOver({ epoch: 5 }, 200));
      assert.equal(late.ok ? "" : late.error.code, "deadline");
      const transfer = b.snapshot({ attempt: "w7", from: 0 }, new Gatherer(), { ...LIMITS, idleMillisMax: 300 });
      const done = await world.settle(transfer.done);
      assert.equal(done.ok ? "" : done.error.code, "deadline");
    });

    test("an address can be served once", async () => {
      const again = await world.calls("b").serve({ listen: server.address, self: B, service: worker });
      assert.equal(again.ok ? "" : again.error.code, "address_in_use");
    });
  });
}
