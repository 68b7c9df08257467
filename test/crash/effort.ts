/** `HOLDFAST_NIGHTLY=1` gives the crash tests hours instead of seconds. */
const isNightly = process.env["HOLDFAST_NIGHTLY"] === "1";

/** How often a test does something: few times in `npm test`, many times at night. */
export function effort(times: number, timesAtNight: number): number {
  return isNightly ? timesAtNight : times;
}

/** A number from the environment, which goes before both. */
export function effortFrom(name: string, times: number, timesAtNight: number): number {
  const given = process.env[name];
  return given !== undefined && /^\d+$/.test(given) ? Number(given) : effort(times, timesAtNight);
}

/** When a test that also looks at the clock has to come to its end; at night it does not look. */
export function effortDeadline(name: string, millis: number): number {
  return isNightly || process.env[name] !== undefined ? Number.POSITIVE_INFINITY : Date.now() + millis;
}
