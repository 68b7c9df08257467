import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** A temporary folder of a test: what kind of, and the six letters of `mkdtemp`. */
const TEST_FOLDER =
  /^(holdfast|redis|zookeeper)-(certificates|config|coordinator|damage|disk|engine|fault|fsync|full|kill|layers|power|probe|test|zookeeper)-\w{6}$/;
/** Longer than any run takes, nightly ones too. */
const STALE_MILLIS = 12 * 60 * 60_000;

/** Removes what tests that were killed have left in the folder for temporary files; answers the names. */
export function removeStaleFolders(directory: string, nowMillis: number): readonly string[] {
  const stale = readdirSync(directory).filter((name) => {
    if (!TEST_FOLDER.test(name)) return false;
    const changed = lastChangeMillis(join(directory, name));
    return changed !== undefined && nowMillis - changed > STALE_MILLIS;
  });
  return stale.filter((name) => {
    try {
      rmSync(join(directory, name), { recursive: true, force: true });
      return true;
    } catch {
      // Somebody else's, or a disk image is still mounted in it: it is in nobody's way.
      return false;
    }
  });
}

/** Of the folder or what is in it; undefined when it is gone, no folder, or not ours to see. */
function lastChangeMillis(folder: string): number | undefined {
  try {
    if (!statSync(folder).isDirectory()) return undefined;
    const paths = [folder, ...readdirSync(folder).map((name) => join(folder, name))];
    return Math.max(...paths.map((path) => statSync(path).mtimeMs));
  } catch {
    return undefined;
  }
}
