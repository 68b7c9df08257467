import { ByteWriter } from "../../base/byteWriter.ts";
import { decodeLatin1 } from "../../base/latin1.ts";
import type { Call } from "../../core/command/call.ts";
import { carryOut, finishEvaluated, finishRefused, type KvEvaluation, kvArgsOf, readCurrent } from "./kvCommands.ts";
import type { KvError } from "./kvError.ts";
import { Current, Plan, type PlanContext, planOperation } from "./kvPlan.ts";
import { GET, type KvRequest, type Method } from "./kvRequest.ts";
import { putBool, putMessage } from "./wireWriter.ts";

/** What the operations so far would leave of a key. */
interface Change {
  readonly current: Current;
  readonly request: KvRequest;
  readonly plan: Plan;
}

const FIELD_NAMES: { readonly [M in Method]?: string } = {
  3: "get",
  4: "put",
  5: "delete",
  6: "compare_and_set",
  7: "increment",
};

/** Plans all operations, each on what those before it would leave, and then does them, or none. */
export function evaluateBatch(call: Call, evaluation: KvEvaluation): void {
  const { request, id } = kvArgsOf(call);
  const { answer, sessions } = evaluation;
  if (request.sessionStart >= 0 && !sessions.mayExecute(call, request, id, answer)) return;
  const { out } = call.reply;
  answer.begin(out, id);
  const context = evaluation.context(call);
  const results = new ByteWriter(256);
  const changes = new Map<string, Change>();
  let applied = true;
  for (const [i, operation] of request.operations.entries()) {
    const error = applied ? planOne(call, i, operation, context, changes, results) : undefined;
    if (error === REFUSED) applied = false;
    else if (error !== undefined) return finishRefused(call, evaluation, error);
  }
  if (applied) for (const { request: last, plan } of changes.values()) carryOut(call, last, plan);
  putBool(out, 1, applied);
  out.copy(results.bytes, 0, results.length);
  evaluation.node.positions.put(out, 3, changes.size > 0 && applied ? context.seq : context.position);
  finishEvaluated(call, evaluation);
}

/** A condition did not hold. */
const REFUSED = "refused";

function planOne(
  call: Call,
  i: number,
  operation: KvRequest,
  context: PlanContext,
  changes: Map<string, Change>,
  results: ByteWriter,
): KvError | typeof REFUSED | undefined {
  const key = decodeLatin1(operation.bytes, operation.key.start, operation.key.end);
  const before = changes.get(key);
  let current = before?.current;
  if (current === undefined) {
    current = new Current();
    readCurrent(call, i + 1, current);
  }
  const body = new ByteWriter(64);
  const plan = new Plan();
  planOperation(operation, current, context, body, plan);
  if (plan.error !== undefined) return atOperation(plan.error, i, operation.method);
  const result = new ByteWriter(body.length + 8);
  putMessage(result, operation.method - GET + 1, body);
  putMessage(results, 2, result);
  if (plan.effect !== "none") {
    // Changes are made in the order in which the keys were changed last.
    changes.delete(key);
    changes.set(key, { current: afterwards(plan, context), request: operation, plan });
  }
  return plan.applied ? undefined : REFUSED;
}

function afterwards(plan: Plan, { seq }: PlanContext): Current {
  const current = new Current();
  current.version = seq;
  if (plan.effect === "delete") return current;
  current.found = true;
  current.holds(plan.bytes, plan.start, plan.end);
  current.expireAt = plan.expireAt;
  return current;
}

function atOperation(error: KvError, i: number, method: Method): KvError {
  return { ...error, field: `operations[${i}].${FIELD_NAMES[method]}.${error.field ?? "key"}` };
}
