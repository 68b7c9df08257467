import type { MoveRecord } from "../../core/slots/moveRecord.ts";
import type { Move } from "../../core/slots/slotTable.ts";

/**
 * What the target does next:
 * - `import`: logs that the slots are being copied here; `start`: says so in the record.
 * - `copy`: copies until it is ready. `flip`: closes the source, and decides the move.
 * - `activate`, `purge`: logs what was decided; `finish`: says so in the record.
 */
export type TargetStep =
  | "import"
  | "start"
  | "copy"
  | "flip"
  | "activate"
  | "purge"
  | "finish"
  | "wait"
  | "over"
  | "stuck";

/**
 * Decides by the record and by what the group's log says of the move, and by nothing else: so a successor of the primary goes on with what
 * it finds, whatever the last one had done. `record` is undefined when there is none.
 */
export function targetStep(record: MoveRecord | undefined, move: Move | undefined): TargetStep {
  if (record === undefined) return move === undefined ? "over" : "stuck";
  switch (record.state) {
    case "planned":
      if (move === undefined) return record.paused ? "wait" : "import";
      return move.phase === "importing" ? "start" : "stuck";
    case "copying":
      if (move === undefined) return "import";
      return move.phase === "ready" ? "flip" : "copy";
    case "flipped":
      if (move !== undefined) return move.phase === "ready" ? "activate" : "stuck";
      return record.targetDone ? "over" : "finish";
    case "aborted":
      if (move !== undefined) return "purge";
      return record.targetDone ? "over" : "finish";
  }
}

/**
 * What the source does next of itself; it seals and closes when the target asks for it.
 * - `watch`: the slots are sealed or closed, and nothing is decided: if that lasts, it asks for the move to be aborted.
 * - `release`, `unseal`: logs what was decided; `finish`: says so in the record.
 */
export type SourceStep = "watch" | "release" | "unseal" | "finish" | "wait" | "over" | "stuck";

export function sourceStep(record: MoveRecord | undefined, move: Move | undefined): SourceStep {
  if (record === undefined) return move === undefined ? "over" : "stuck";
  switch (record.state) {
    case "planned":
      return move === undefined ? "wait" : "stuck";
    case "copying":
      return move === undefined ? "wait" : "watch";
    case "flipped":
      if (move !== undefined) return move.phase === "closed" ? "release" : "stuck";
      return record.sourceDone ? "over" : "finish";
    case "aborted":
      if (move !== undefined) return "unseal";
      return record.sourceDone ? "over" : "finish";
  }
}
