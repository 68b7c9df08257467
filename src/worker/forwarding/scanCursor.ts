/** Groups that a cursor can tell apart. */
const GROUPS_MAX = 1024n;

/** Where a `SCAN` over many groups is: which of them, by its place in their order, and the cursor there. */
export interface ScanPlace {
  readonly group: number;
  readonly cursor: string;
}

/** Undefined for what is no cursor. */
export function readScanCursor(text: string): ScanPlace | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const cursor = BigInt(text);
  return { group: Number(cursor % GROUPS_MAX), cursor: String(cursor / GROUPS_MAX) };
}

/** The cursor behind a step in `group`, which answered `cursor`, of so many `groups`; `0` at the end of all. */
export function nextScanCursor(group: number, cursor: string, groups: number): string {
  if (cursor !== "0") return String(BigInt(cursor) * GROUPS_MAX + BigInt(group));
  return group + 1 < groups ? String(group + 1) : "0";
}
