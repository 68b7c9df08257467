import { type ByteReader, MalformedBytes } from "../../base/byteReader.ts";
import type { ByteWriter } from "../../base/byteWriter.ts";
import { areRanges, type SlotRanges } from "./slotRanges.ts";

/**
 * What a group's log says of its slots (REPLICATION.md 5.3). Kinds and layouts stand in logs for ever.
 *
 * - `assign`: the group's first word: it owns exactly these.
 * - `import`: the group is the target of a move; begins the copy, also when it was begun before.
 * - `imported`: part of every entry that carries what was copied: everything of the source's up to `sourceSeq` is here; from `isWhole`
 *   on a copy that breaks off may go on behind that.
 * - `ready`: everything up to the source's `seal`, which is entry `sourceSeq` there, is here.
 * - `activate`: the move is flipped: the slots are the group's own.
 * - `purge`: the move is aborted: what was copied is thrown away.
 * - `seal`, `close`: the group is the source: it takes no more writes, then answers no more reads.
 * - `unseal`: the move is aborted: the slots are open again.
 * - `release`: the move is flipped: the slots are another's.
 * - `cleaned`: no key of these slots, which the group does not own, is left.
 */
export type SlotChange =
  | { readonly kind: "assign"; readonly slots: SlotRanges }
  | { readonly kind: "import"; readonly move: string; readonly slots: SlotRanges; readonly source: string }
  | { readonly kind: "imported"; readonly move: string; readonly sourceSeq: number; readonly isWhole: boolean }
  | { readonly kind: "ready"; readonly move: string; readonly sourceSeq: number }
  | { readonly kind: "activate"; readonly move: string }
  | { readonly kind: "purge"; readonly move: string }
  | { readonly kind: "seal"; readonly move: string; readonly slots: SlotRanges; readonly target: string }
  | { readonly kind: "close"; readonly move: string }
  | { readonly kind: "unseal"; readonly move: string }
  | { readonly kind: "release"; readonly move: string }
  | { readonly kind: "cleaned"; readonly slots: SlotRanges };

const KINDS: readonly SlotChange["kind"][] = [
  "assign",
  "import",
  "imported",
  "ready",
  "activate",
  "purge",
  "seal",
  "close",
  "unseal",
  "release",
  "cleaned",
];

export function writeSlotChange(writer: ByteWriter, change: SlotChange): void {
  writer.u8(KINDS.indexOf(change.kind));
  writer.lengthText("move" in change ? change.move : "");
  if ("slots" in change) writeRanges(writer, change.slots);
  if (change.kind === "import") writer.lengthText(change.source);
  if (change.kind === "seal") writer.lengthText(change.target);
  if ("sourceSeq" in change) writer.u48(change.sourceSeq);
  if (change.kind === "imported") writer.u8(change.isWhole ? 1 : 0);
}

/** Throws `MalformedBytes`. */
export function readSlotChange(reader: ByteReader): SlotChange {
  const kind = KINDS[reader.u8()];
  const move = reader.lengthText();
  switch (kind) {
    case "assign":
    case "cleaned":
      return { kind, slots: readRanges(reader) };
    case "import":
      return { kind, move, slots: readRanges(reader), source: reader.lengthText() };
    case "seal":
      return { kind, move, slots: readRanges(reader), target: reader.lengthText() };
    case "imported":
      return { kind, move, sourceSeq: reader.u48(), isWhole: reader.u8() === 1 };
    case "ready":
      return { kind, move, sourceSeq: reader.u48() };
    case undefined:
      throw new MalformedBytes("no kind of change of slots");
    default:
      return { kind, move };
  }
}

export function writeRanges(writer: ByteWriter, ranges: SlotRanges): void {
  writer.varint(ranges.length);
  for (const [from, to] of ranges) {
    writer.u16(from);
    writer.u16(to);
  }
}

/** Throws `MalformedBytes`. */
export function readRanges(reader: ByteReader): SlotRanges {
  const ranges: [number, number][] = [];
  for (let left = reader.varint(); left > 0; left--) ranges.push([reader.u16(), reader.u16()]);
  if (!areRanges(ranges)) throw new MalformedBytes("no ranges of slots");
  return ranges;
}
