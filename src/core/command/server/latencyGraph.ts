const COLUMNS_MAX = 80;
const ROWS = 4;
/** From the lowest part of a row to a full one. */
const MARKS = ["_", "-", "`", "#"];

/**
 * Samples (seconds of the wall clock, milliseconds) as a picture: a column for each of the last 80, higher for slower, and below
 * it, read downwards, how long ago it was.
 */
export function latencyGraph(
  event: string,
  samples: readonly (readonly [number, number])[],
  worstMillis: number,
  nowSeconds: number,
): string {
  const shown = samples.slice(-COLUMNS_MAX);
  const times = shown.map(([, millis]) => millis);
  const high = Math.max(...times);
  const low = Math.min(...times);
  const heights = times.map((millis) => height(millis, low, high));
  const lines = [
    `${event} - high ${high} ms, low ${low} ms (all time high ${worstMillis} ms)`,
    "-".repeat(COLUMNS_MAX),
  ];
  for (let row = ROWS - 1; row >= 0; row--) lines.push(heights.map((marks) => markAt(marks, row)).join(""));
  const ages = shown.map(([seconds]) => age(Math.max(0, nowSeconds - seconds)));
  const depth = Math.max(...ages.map((text) => text.length));
  lines.push("");
  for (let i = 0; i < depth; i++) lines.push(ages.map((text) => text[i] ?? " ").join(""));
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** In marks: at least one, at most all marks of all rows. */
function height(millis: number, low: number, high: number): number {
  const share = high === low ? 0 : (millis - low) / (high - low);
  return 1 + Math.round(share * (ROWS * MARKS.length - 1));
}

function markAt(height: number, row: number): string {
  const marks = height - row * MARKS.length;
  if (marks <= 0) return " ";
  return marks >= MARKS.length ? MARKS.at(-1)! : MARKS[marks - 1]!;
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
