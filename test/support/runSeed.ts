/** What tests draw from in `npm test`: the same in every run, so that it fails or passes by what was changed, not by luck. */
const SEED_DEFAULT = 1;

/** Long runs are there to find what nobody has seen yet: `HOLDFAST_NIGHTLY=1` and `npm run fuzz`. */
const isLongRun = process.env["HOLDFAST_NIGHTLY"] === "1" || process.env["HOLDFAST_FUZZ_INPUTS"] !== undefined;

/** The seed of this process: `HOLDFAST_SEED` when given, so that a failure can be played again; else 1, or a new one in a long run. */
export const runSeed: number = readSeed(process.env["HOLDFAST_SEED"]);

function readSeed(given: string | undefined): number {
  if (given === undefined) return isLongRun ? Math.floor(Math.random() * 0x1_0000_0000) : SEED_DEFAULT;
  if (!/^\d{1,10}$/.test(given) || Number(given) > 0xffff_ffff) {
    throw new Error(`HOLDFAST_SEED is "${given}": a whole number below 2^32 was expected`);
  }
  return Number(given);
}
