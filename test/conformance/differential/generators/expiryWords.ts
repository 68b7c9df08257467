import type { Draw } from "../draw.ts";

const NO_TIMES = ["-9223372036854775808", "9223372036854775808", "a", "", "1.5"];
/** Redis takes later times than Holdfast, whose latest is 2^48 - 1 milliseconds: what is between them is not drawn. */
const LATEST_SECONDS = "281474976710";
const LATEST_MILLIS = "281474976710655";

/**
 * Times that cannot expire while a sequence is played, however slow the machine: in the past, at once, far away,
 * or out of range.
 */
export function seconds(draw: Draw): string {
  const odd = [...NO_TIMES, "9223372036854775807", "9223372036854776", "9223372036854775"];
  return draw.random.chance(15) ? draw.random.pick(odd) : draw.random.pick(["100", "1000", "5000", "0", "-1"]);
}

/** As `seconds`, in milliseconds. */
export function millis(draw: Draw): string {
  const odd = [...NO_TIMES, "9223372036854775807"];
  return draw.random.chance(15) ? draw.random.pick(odd) : draw.random.pick(["100000", "200500", "0", "-1"]);
}

/** Points of time in seconds since 1970. */
export function unixSeconds(draw: Draw): string {
  const odd = [...NO_TIMES, LATEST_SECONDS, "9223372036854775807", "9223372036854776"];
  return draw.random.chance(15) ? draw.random.pick(odd) : draw.random.pick(["9999999999", "99999999999", "1", "0"]);
}

/** Points of time in milliseconds since 1970. */
export function unixMillis(draw: Draw): string {
  const odd = [...NO_TIMES, LATEST_MILLIS];
  return draw.random.chance(15)
    ? draw.random.pick(odd)
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
