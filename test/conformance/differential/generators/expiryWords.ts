import type { Draw } from "../draw.ts";

const NOT_IN_RANGE = [
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775",
  "9223372036854776",
  "a",
  "",
  "1.5",
];

/**
 * Times that cannot expire while a sequence is played, however slow the machine: in the past, at once, far away,
 * or out of range.
 */
export function seconds(draw: Draw): string {
  return draw.random.chance(15) ? draw.random.pick(NOT_IN_RANGE) : draw.random.pick(["100", "1000", "5000", "0", "-1"]);
}

/** As `seconds`, in milliseconds. */
export function millis(draw: Draw): string {
  return draw.random.chance(15) ? draw.random.pick(NOT_IN_RANGE) : draw.random.pick(["100000", "200500", "0", "-1"]);
}

/** Points of time in seconds since 1970. */
export function unixSeconds(draw: Draw): string {
  return draw.random.chance(15)
    ? draw.random.pick(NOT_IN_RANGE)
    : draw.random.pick(["9999999999", "99999999999", "1", "0"]);
}

/** Points of time in milliseconds since 1970. */
export function unixMillis(draw: Draw): string {
  return draw.random.chance(15)
    ? draw.random.pick(NOT_IN_RANGE)
    : draw.random.pick(["9999999999999", "99999999999999", "1", "0"]);
}

/** The expiry options of SET and GETEX: one of them, seldom two. */
export function expiryOption(draw: Draw): string[] {
  const options = [
    ["EX", seconds(draw)],
    ["PX", millis(draw)],
    ["EXAT", unixSeconds(draw)],
    ["PXAT", unixMillis(draw)],
  ];
  const [option = [], other = []] = draw.random.shuffled(options);
  return [draw.word(option[0] ?? ""), ...option.slice(1), ...(draw.random.chance(6) ? other : [])];
}
