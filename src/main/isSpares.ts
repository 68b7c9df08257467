import { SPARE } from "../base/names.ts";

/** What spares name as their group. */
export function isSpares(group: string): boolean {
  return group === "" || group === SPARE;
}
