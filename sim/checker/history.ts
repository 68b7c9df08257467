/**
 * What clients asked for and what they were told, with times of one monotonic clock: the input of every checker.
 * One operation touches one key. Values are unique by convention (`client:counter`), which makes the checkers fast and
 * their findings telling; they are right without it, too.
 */
export type Operation = Request & {
  /** Unique in the history. */
  readonly id: number;
  /** The client: it has at most one operation under way. After an unknown outcome it goes on as if it were another. */
  readonly process: string;
  readonly key: string;
  readonly invokedMicros: number;
  /** `null` when the client never learned the outcome, or has no certain one. */
  readonly returnedMicros: number | null;
  readonly outcome: Outcome;
  /**
   * What the client was told; only meaningful when the outcome is `ok`. For `get` the value or `null`, for `delete`
   * whether there was something, for `compareAndSet` whether it took place, for `increment` the new number, else `null`.
   */
  readonly reply: OperationReply;
  /** The replica that answered, or that was asked. */
  readonly servedBy: string | null;
  /** What the client had asked that replica for: `eventual` reads may be old. */
  readonly consistency: Consistency;
  /** The error or the reason of an outcome that is not `ok`, for people. */
  readonly note?: string;
};

/** What was asked of one key. The numbers of `increment` are kept as decimal text, like in Redis. */
export type Request =
  | { readonly kind: "get" }
  | { readonly kind: "set"; readonly value: string }
  | { readonly kind: "delete" }
  | { readonly kind: "compareAndSet"; readonly expected: string | null; readonly value: string }
  | { readonly kind: "increment"; readonly by: number }
  | { readonly kind: "append"; readonly value: string };

/**
 * `ok`: done, and the reply is known. `refused`: certainly not executed, now or later. `unknown`: executed at some time
 * after the call, or never.
 */
export type Outcome = "ok" | "refused" | "unknown";

export type OperationReply = string | number | boolean | null;

export type Consistency = "linearizable" | "eventual";

/** The history as JSON lines, one operation a line, in the order given. */
export function writeHistory(operations: readonly Operation[]): string {
  return operations.map((operation) => `${JSON.stringify(operation)}\n`).join("");
}

export type ReadHistory =
  | { readonly code: "ok"; readonly operations: Operation[] }
  | { readonly code: "bad_line"; readonly line: number; readonly reason: string };

/** Reads what `writeHistory` wrote; empty lines are skipped. Lines count from 1. */
export function readHistory(text: string): ReadHistory {
  const operations: Operation[] = [];
  let line = 0;
  for (const row of text.split("\n")) {
    line += 1;
    if (row.trim() === "") continue;
    let parsed: unknown;
    try {
      parsed = JSON.parse(row);
    } catch {
      return { code: "bad_line", line, reason: "not JSON" };
    }
    const reason = complaintAbout(parsed);
    if (reason !== undefined) return { code: "bad_line", line, reason };
    operations.push(parsed as Operation);
  }
  return { code: "ok", operations };
}

/** Why this is not an operation, if it is not one. */
function complaintAbout(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "not an object";
  const row = value as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(row["id"])) return "no id";
  if (typeof row["process"] !== "string") return "no process";
  if (typeof row["key"] !== "string") return "no key";
  if (typeof row["invokedMicros"] !== "number") return "no time of the call";
  if (row["servedBy"] !== null && typeof row["servedBy"] !== "string") return "servedBy is neither a name nor null";
  if (row["consistency"] !== "linearizable" && row["consistency"] !== "eventual") return "unknown consistency";
  return complaintAboutRequest(row) ?? complaintAboutOutcome(row);
}

function complaintAboutRequest(row: Readonly<Record<string, unknown>>): string | undefined {
  switch (row["kind"]) {
    case "get":
    case "delete":
      return undefined;
    case "set":
    case "append":
      return typeof row["value"] === "string" ? undefined : "no value";
    case "compareAndSet":
      if (typeof row["value"] !== "string") return "no value";
      return isTextOrNull(row["expected"]) ? undefined : "no expected value";
    case "increment":
      return Number.isSafeInteger(row["by"]) ? undefined : "no increment";
    default:
      return "unknown kind";
  }
}

function complaintAboutOutcome(row: Readonly<Record<string, unknown>>): string | undefined {
  const { outcome, reply, returnedMicros } = row;
  if (outcome === "unknown") return returnedMicros === null ? undefined : "an unknown outcome has no time of return";
  if (outcome !== "ok" && outcome !== "refused") return "no outcome";
  if (typeof returnedMicros !== "number") return "no time of return";
  if (returnedMicros < (row["invokedMicros"] as number)) return "returned before it was called";
  if (outcome === "refused") return undefined;
  switch (row["kind"]) {
    case "get":
      return isTextOrNull(reply) ? undefined : "a get answers text or null";
    case "increment":
      return Number.isSafeInteger(reply) ? undefined : "an increment answers a whole number";
    case "delete":
    case "compareAndSet":
      return typeof reply === "boolean" ? undefined : "this answers true or false";
    default:
      return reply === null || Number.isSafeInteger(reply) ? undefined : "a write answers null or a length";
  }
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}
