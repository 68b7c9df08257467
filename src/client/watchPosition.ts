import { HoldfastError } from "./errors.ts";

/** How far each group has told its changes. */
export type Positions = Map<string, Buffer>;

/** As one text that can be kept. */
export function positionText(positions: Positions): string {
  const parts = [...positions].map(([group, position]) => [group, position.toString("base64url")]);
  return Buffer.from(JSON.stringify(Object.fromEntries(parts))).toString("base64url");
}

/** Throws `HoldfastError` for what is no such text. */
export function readPosition(text: string | undefined): Positions {
  if (text === undefined || text === "") return new Map();
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (typeof parts === "object" && parts !== null)
      return new Map(Object.entries(parts).map(([group, each]) => [group, Buffer.from(String(each), "base64url")]));
  } catch {}
  throw new HoldfastError("invalid", "that is no position of a watch", false, { field: "from" });
}
