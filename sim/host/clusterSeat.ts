import { ok, type Result } from "../../src/base/result.ts";
import { GroupNode } from "../../src/main/group/groupNode.ts";
import type { CallRefusal, WorkerService } from "../../src/ports/workerCalls.ts";
import type { NodeError } from "../../src/worker/nodeError.ts";
import type { Seat, SeatOptions } from "../cluster/seat.ts";
import type { Life } from "../kernel/scheduler.ts";

type Pieces = Result<AsyncIterable<Uint8Array>, CallRefusal>;

const LINK_PORT = 7001;
const RPC_PORT = 7002;

/** Opens what a real process opens, with simulated links and calls. */
export async function openSeat(options: SeatOptions): Promise<Result<Seat, NodeError>> {
  const { host, respPort, links, calls, life } = options;
  const opened = await GroupNode.open({
    ...options,
    links: async () => links,
    calls: async () => calls,
    bind: host,
    linkPort: LINK_PORT,
    rpcPort: RPC_PORT,
    version: "simulated",
    pid: 1,
    longId: (name) => name,
    guardAnswers: (answers) => whileAlive(answers, life),
  });
  if (!opened.ok) return opened;
  const groupNode = opened.value;
  return ok({
    parts: groupNode.parts,
    register: (node) => groupNode.register(node, respPort),
    takeOver: () => {
      const { answers } = groupNode;
      if (answers.node !== undefined) void answers.takeOver({ epoch: answers.node.replica.epoch });
    },
    close: () => groupNode.close(),
  });
}

/** A process that has ended answers nothing, not even that it does not. */
function whileAlive(service: WorkerService, life: Life): WorkerService {
  const never = <T>(): Promise<T> => new Promise(() => undefined);
  const guard = (opened: Pieces): Pieces => {
    if (!opened.ok) return opened;
    const pieces = opened.value[Symbol.asyncIterator]();
    const guarded: AsyncIterableIterator<Uint8Array> = {
      [Symbol.asyncIterator]: () => guarded,
      next: () => (life.alive ? pieces.next() : never()),
      return: async () => (life.alive && pieces.return !== undefined ? pieces.return() : never()),
    };
    return ok(guarded);
  };
  return {
    takeOver: (request) => service.takeOver(request),
    handOver: (request) => service.handOver(request),
    moveStep: (request) => service.moveStep(request),
    heat: () => service.heat(),
    status: () => service.status(),
    isServing: () => service.isServing(),
    snapshot: async (request) => guard(await service.snapshot(request)),
    copySlots: async (request) => guard(await service.copySlots(request)),
  };
}
