import type { Operation, Request } from "../../../sim/checker/history.ts";

/** One operation of a story, told in one line: who, what, when (call and return in milliseconds), and at which replica. */
export type Told = readonly [
  process: string,
  what: string,
  from: number,
  to: number | "?" | "refused",
  replica: string,
];

/**
 * A history from lines such as `["c1", "set a", 0, 5, "n1"]`, `["c2", "get a", 6, 7, "n2"]` (found "a"), `["c2", "get -", …]`
 * (found nothing), `"delete yes"`, `"cas a b yes"`, `"increment 5"` (by one; the reply), `"eventual a"` (a read), `"append a"`.
 * A write without an answer ends at `"?"`.
 */
export function story(lines: readonly Told[], key = "k"): Operation[] {
  return lines.map(([process, what, from, to, replica], index): Operation => {
    const outcome = to === "?" ? "unknown" : to === "refused" ? "refused" : "ok";
    const returnedMillis = to === "?" ? null : to === "refused" ? from + 1 : to;
    const { request, reply, isEventual } = parse(what);
    return {
      ...request,
      id: index + 1,
      process,
      key,
      invokedMicros: from * 1000,
      returnedMicros: returnedMillis === null ? null : returnedMillis * 1000,
      outcome,
      reply: outcome === "ok" ? reply : null,
      servedBy: replica,
      consistency: isEventual ? "eventual" : "linearizable",
    };
  });
}

function parse(what: string): { request: Request; reply: Operation["reply"]; isEventual?: boolean } {
  const [verb = "", first = "", second = "", third = ""] = what.split(" ");
  const text = (word: string): string | null => (word === "-" ? null : word);
  switch (verb) {
    case "set":
    case "append":
      return { request: { kind: verb, value: first }, reply: null };
    case "delete":
      return { request: { kind: "delete" }, reply: first === "yes" };
    case "cas":
      return { request: { kind: "compareAndSet", expected: text(first), value: second }, reply: third === "yes" };
    case "increment":
      return { request: { kind: "increment", by: 1 }, reply: Number(first) };
    default:
      return { request: { kind: "get" }, reply: text(first), isEventual: verb === "eventual" };
  }
}
