/** The fewest faults with which `isViolated` still holds: many, then few, then each is left out in turn while that helps. */
export async function fewestFaults<T>(
  all: readonly T[],
  isViolated: (faults: readonly T[]) => boolean | Promise<boolean>,
): Promise<readonly T[]> {
  let faults = all;
  for (let size = Math.ceil(faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < faults.length; ) {
      const fewer = [...faults.slice(0, at), ...faults.slice(at + size)];
      if (await isViolated(fewer)) faults = fewer;
      else at += size;
    }
  }
  return faults;
}
