import type { Operation, OperationReply, Request } from "../../../sim/checker/history.ts";
import type { Prng } from "../../../src/base/prng.ts";

/** What a random history looks like. Probabilities are in per mille. */
export type Shape = {
  readonly processes: number;
  readonly operations: number;
  readonly keys: number;
  /** How often each kind of request is drawn. */
  readonly weights: Readonly<Record<"get" | "set" | "delete" | "compareAndSet" | "increment", number>>;
  readonly unknownPerMille: number;
  /** Values are drawn from so many; 0 when each one is new. */
  readonly values: number;
  /** What goes wrong inside the register, so that most such histories cannot be linearized. */
  readonly anomaly?: Anomaly;
};

/** `staleReads`: an old value; `lostWrites`: acknowledged, never applied; `inversions`: a read of a lagging copy. */
export type Anomaly = "staleReads" | "lostWrites" | "inversions";

type Process = { readonly name: string; freeAt: number };
type Register = { value: string | null; old: (string | null)[]; written: string[] };
type Drawn = { readonly operation: Operation; readonly takesEffectAt: number };

const ANOMALY_ONE_IN = 4;

/** A history of registers whose operations take effect at a random time between call and return, or later if unknown. */
export function randomHistory(shape: Shape, random: Prng): Operation[] {
  const processes = Array.from({ length: shape.processes }, (_, index): Process => ({ name: `c${index}`, freeAt: 0 }));
  const drawn: (Drawn & { request: Request })[] = [];
  const written: string[] = [];
  for (let id = 1; id <= shape.operations; id++) {
    const process = random.pick(processes);
    const request = drawRequest(shape, random, id, written);
    const invokedMicros = process.freeAt + random.below(20);
    const takesEffectAt = invokedMicros + random.below(30);
    const returnedMicros = takesEffectAt + random.below(30);
    const isUnknown = random.chance(shape.unknownPerMille, 1000);
    process.freeAt = returnedMicros;
    drawn.push({
      request,
      takesEffectAt: isUnknown ? invokedMicros + random.below(200) : takesEffectAt,
      operation: {
        ...request,
        id,
        process: process.name,
        key: `k${random.below(shape.keys)}`,
        invokedMicros,
        returnedMicros: isUnknown ? null : returnedMicros,
        outcome: isUnknown ? "unknown" : "ok",
        reply: null,
        servedBy: `n${random.below(3)}`,
        consistency: "linearizable",
      },
    });
  }
  return execute(drawn, shape, random);
}

function execute(drawn: (Drawn & { request: Request })[], shape: Shape, random: Prng): Operation[] {
  const registers = new Map<string, Register>();
  const done: Operation[] = [];
  drawn.sort((one, other) => one.takesEffectAt - other.takesEffectAt);
  for (const { operation, request } of drawn) {
    const register = registers.get(operation.key) ?? { value: null, old: [null], written: [] };
    registers.set(operation.key, register);
    if (operation.outcome === "unknown" && random.chance(1, 2)) {
      done.push(operation);
      continue;
    }
    const reply = takeEffect(register, request, shape.anomaly, random);
    done.push(operation.outcome === "unknown" ? operation : { ...operation, reply });
  }
  return done.sort((one, other) => one.invokedMicros - other.invokedMicros);
}

function takeEffect(register: Register, request: Request, anomaly: Anomaly | undefined, random: Prng): OperationReply {
  const before = register.value;
  const goesWrong = anomaly !== undefined && random.chance(1, ANOMALY_ONE_IN);
  if (request.kind === "get") {
    if (goesWrong && anomaly === "staleReads") return random.pick(register.old);
    if (goesWrong && anomaly === "inversions") return register.old.at(-2) ?? null;
    return before;
  }
  const { value, reply } = applied(before, request);
  if (goesWrong && anomaly === "lostWrites") return reply;
  register.value = value;
  register.old.push(value);
  return reply;
}

function applied(before: string | null, request: Request): { value: string | null; reply: OperationReply } {
  switch (request.kind) {
    case "set":
      return { value: request.value, reply: null };
    case "delete":
      return { value: null, reply: before !== null };
    case "compareAndSet":
      return before === request.expected ? { value: request.value, reply: true } : { value: before, reply: false };
    case "increment": {
      // Text that is no number counts as 0 here: such a reply is wrong, and both checkers must say so.
      const number = (Number(before ?? 0) || 0) + request.by;
      return { value: String(number), reply: number };
    }
    default:
      return { value: before, reply: null };
  }
}

function drawRequest(shape: Shape, random: Prng, id: number, written: string[]): Request {
  const { weights } = shape;
  let draw = random.below(Object.values(weights).reduce((sum, it) => sum + it, 0));
  const isNext = (weight: number): boolean => {
    draw -= weight;
    return draw < 0;
  };
  if (isNext(weights.get)) return { kind: "get" };
  if (isNext(weights.delete)) return { kind: "delete" };
  if (isNext(weights.increment)) return { kind: "increment", by: random.between(shape.values === 0 ? 1 : -1, 2) };
  const expected = random.chance(1, 5) || written.length === 0 ? null : random.pick(written.slice(-3));
  const value = shape.values === 0 ? `v${id}` : String(random.below(shape.values));
  written.push(value);
  return isNext(weights.set) ? { kind: "set", value } : { kind: "compareAndSet", expected, value };
}

/** Spoils a history from outside: a reply exchanged, a return moved, an outcome forgotten. The result may still be right. */
export function mutate(history: readonly Operation[], random: Prng): Operation[] {
  const at = random.below(history.length);
  const victim = history[at]!;
  const changed = [...history];
  const reads = history.filter((it) => it.kind === "get" && it.outcome === "ok");
  switch (random.below(4)) {
    case 0:
      if (victim.kind === "get" && reads.length > 0) changed[at] = { ...victim, reply: random.pick(reads).reply };
      break;
    case 1:
      if (typeof victim.reply === "boolean") changed[at] = { ...victim, reply: !victim.reply };
      break;
    case 2:
      if (victim.returnedMicros !== null) {
        const length = victim.returnedMicros - victim.invokedMicros;
        changed[at] = { ...victim, returnedMicros: victim.invokedMicros + random.below(length + 1) };
      }
      break;
    default:
      if (victim.outcome === "ok") changed[at] = { ...victim, outcome: "unknown", reply: null, returnedMicros: null };
  }
  return changed;
}
