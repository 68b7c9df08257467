import { isOver, type MoveRecord, parseMove } from "../../../src/core/slots/moveRecord.ts";
import { commonSlot, type SlotRanges, showRanges } from "../../../src/core/slots/slotRanges.ts";
import { MASTERS } from "../../../src/master/masterRecord.ts";
import { parseLocks } from "../../../src/master/moveLocks.ts";
import type { MultiOperation } from "../../../src/ports/coordinator.ts";
import { Violation } from "../../violation.ts";
import type { ClusterWorld } from "../clusterWorld.ts";

const EPOCH = `${MASTERS}/epoch`;
const MOVES = "/migrations";

/**
 * Looks at every change at the coordinator when it has happened:
 * - What a master has written takes effect only as long as it has no successor, whenever it was sent.
 * - A slot is in one move at most, every move has its lock and every lock its move, and no record goes before its move is over.
 */
export class OneMasterWrites {
  readonly #world: ClusterWorld;
  #moves: ReadonlyMap<string, MoveRecord | undefined> = new Map();

  constructor(world: ClusterWorld) {
    this.#world = world;
    world.coordinator.onExecuted = (operations) => this.#look(operations);
  }

  #look(operations: readonly MultiOperation[]): void {
    const [first] = operations;
    if (first?.op === "check" && first.path === EPOCH) this.#checkEpoch(first.version, operations);
    if (operations.some(({ op, path }) => op !== "check" && path.startsWith(MOVES))) this.#checkMoves();
  }

  #checkEpoch(version: number, operations: readonly MultiOperation[]): void {
    const { coordinator } = this.#world;
    this.#world.count("writes of masters");
    const present = coordinator.versionOf(EPOCH);
    if (present === version) return;
    const what = operations.map(({ op, path }) => `${op} ${path}`).join(", ");
    this.#world.fail(
      new Violation("one master writes", `${what} by a master of version ${version}, and there is one of ${present}`),
    );
  }

  #checkMoves(): void {
    const { coordinator } = this.#world;
    const fail = (message: string): void => this.#world.fail(new Violation("a slot is in one move", message));
    const active = Object.entries(parseLocks(coordinator.peek(MOVES) ?? "")?.active ?? {});
    const names = coordinator.childrenOf(MOVES);
    const moves = new Map(names.map((name) => [name, parseMove(coordinator.peek(`${MOVES}/${name}`) ?? "")]));
    for (const [id, slots] of active) {
      if (showRanges(moves.get(id)?.slots ?? []) !== showRanges(slots)) fail(`${id} has a lock that is not its own`);
      const other = active.find(([each, others]) => each < id && haveCommon(others, slots));
      if (other !== undefined) fail(`${id} and ${other[0]} have a slot in common`);
    }
    if (names.length !== active.length) fail(`there are the moves ${names.join(" ")}, and ${active.length} are locked`);
    for (const [id, before] of this.#moves) {
      if (!moves.has(id) && before !== undefined && !isOver(before)) fail(`${id} was taken away: ${before.state}`);
    }
    this.#moves = moves;
  }
}

function haveCommon(a: SlotRanges, b: SlotRanges): boolean {
  return commonSlot(a, b) !== undefined;
}
