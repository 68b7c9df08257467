/**
 * Below which value `percent` of the counted lie, where `histogram[i]` counts values up to 2^i: the upper end of the bucket,
 * so never less than the truth and at most twice it. 0 when nothing was counted.
 */
export function percentile(histogram: Uint32Array, percent: number): number {
  let total = 0;
  for (const count of histogram) total += count;
  const wanted = (total * percent) / 100;
  let seen = 0;
  for (const [power, count] of histogram.entries()) {
    seen += count;
    if (seen > 0 && seen >= wanted) return 2 ** power;
  }
  return 0;
}
