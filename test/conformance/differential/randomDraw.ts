import type { Reply } from "../../support/respReply.ts";
import { exact } from "./comparison.ts";
import type { Side } from "./side.ts";
import { commandBytes, commandName, type Step } from "./step.ts";

const READERS: Readonly<Record<string, readonly string[]>> = {
  spop: ["SMEMBERS"],
  srandmember: ["SMEMBERS"],
  hrandfield: ["HGETALL"],
  zrandmember: ["ZRANGE", "0", "-1", "WITHSCORES"],
};

/**
 * Plays a command that draws elements at random on both servers. What was drawn may differ; its shape, its number,
 * that it was there before, that it is distinct (for counts above 0) and, for SPOP, gone afterwards, may not. If
 * anything was drawn, the key is deleted on both, so that they agree again.
 */
export async function playRandomDraw(step: Step, expected: Side, actual: Side): Promise<string | undefined> {
  const [left, right] = await Promise.all([drawOn(expected, step), drawOn(actual, step)]);
  const problem = left.problem ?? right.problem;
  if (problem !== undefined) {
    return problem;
  }
  const shape = exact(shapeOf(left.reply), shapeOf(right.reply));
  if (shape !== undefined) {
    return `contents aside, ${shape}`;
  }
  if (left.reply.type !== "error") {
    const key = commandBytes(step.command)[1] ?? "";
    await Promise.all([expected, actual].map((side) => side.control.call("DEL", key)));
  }
  return undefined;
}

type Drawn = { readonly reply: Reply; readonly problem: string | undefined };

async function drawOn(side: Side, step: Step): Promise<Drawn> {
  const before = await elementsOf(side, step);
  const outcome = await side.run(step);
  if (outcome.kind !== "reply") {
    return { reply: { type: "nilBulk" }, problem: `${side.name}: ${outcome.kind}` };
  }
  const after = await elementsOf(side, step);
  const problem = problemWith(step, outcome.reply, before, after);
  return { reply: outcome.reply, problem: problem === undefined ? undefined : `${side.name}: ${problem}` };
}

/** Element to value: a set's members stand for themselves. */
async function elementsOf(side: Side, step: Step): Promise<Map<string, string>> {
  const name = commandName(step.command);
  const [reader = "", ...range] = READERS[name] ?? [];
  const key = commandBytes(step.command)[1];
  const reply = key === undefined ? undefined : await side.control.call(reader, key, ...range);
  const texts = reply === undefined || reply.type === "error" ? [] : flatten(reply);
  const size = reader === "SMEMBERS" ? 1 : 2;
  const elements = new Map<string, string>();
  for (let index = 0; index < texts.length; index += size) {
    elements.set(texts[index] as string, texts[index + size - 1] as string);
  }
  return elements;
}

function problemWith(
  step: Step,
  reply: Reply,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string | undefined {
  if (reply.type === "error") {
    return undefined;
  }
  const size = step.command.length > 3 ? 2 : 1;
  const texts = flatten(reply);
  const drawn = texts.filter((_, index) => index % size === 0);
  const strangers = drawn.filter(
    (text, index) => !before.has(text) || (size === 2 && before.get(text) !== texts[2 * index + 1]),
  );
  if (strangers.length > 0) {
    return `was not there before: ${JSON.stringify(strangers)}`;
  }
  const isRepeating = (step.command[2] ?? "").startsWith("-");
  if (!isRepeating && new Set(drawn).size !== drawn.length) {
    return `drawn twice: ${JSON.stringify(drawn)}`;
  }
  const isTaking = commandName(step.command) === "spop";
  const rest = [...before.keys()].filter((element) => !isTaking || !drawn.includes(element));
  const isRight = rest.length === after.size && rest.every((element) => after.has(element));
  return isRight ? undefined : `left behind ${JSON.stringify([...after.keys()])} instead of ${JSON.stringify(rest)}`;
}

function flatten(reply: Reply): string[] {
  switch (reply.type) {
    case "bulk":
      return [reply.bytes.toString("latin1")];
    case "double":
      return [reply.text];
    case "array":
    case "set":
      return reply.items.flatMap(flatten);
    case "map":
      return reply.entries.flatMap(([key, value]) => [...flatten(key), ...flatten(value)]);
    default:
      return [];
  }
}

/** The reply with its contents blanked: types, nesting and lengths stay. */
function shapeOf(reply: Reply): Reply {
  switch (reply.type) {
    case "bulk":
      return { type: "bulk", bytes: Buffer.alloc(0) };
    case "double":
      return { type: "double", text: "" };
    case "array":
    case "set":
      return { type: reply.type, items: reply.items.map(shapeOf) };
    default:
      return reply;
  }
}
