import { countSlots, type SlotRanges, showRanges } from "../core/slots/slotRanges.ts";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;
const RANGES_CHARACTERS_MAX = 60;

/** `1.2 MB`; a thousand is a thousand. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `45 s`, `3 min`, `2.5 h`. */
export function durationText(millis: number): string {
  const seconds = millis / 1000;
  if (seconds < 1) return "under a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** `1 slot`, `100 slots`. */
export function slotsText(count: number): string {
  return count === 1 ? "1 slot" : `${count} slots`;
}

/** `0-99,200`, cut where it gets long. */
export function rangesText(ranges: SlotRanges): string {
  const text = showRanges(ranges);
  if (text.length <= RANGES_CHARACTERS_MAX) return text;
  const shown = text.slice(0, text.lastIndexOf(",", RANGES_CHARACTERS_MAX) + 1);
  const left = countSlots(ranges.slice(shown.split(",").length - 1));
  return `${shown}… (${left} more)`;
}

/** Rows with columns under one another; the first row is the head. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  "));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
