import { invariant } from "../../base/invariant.ts";
import { decodeLatin1 } from "../../base/latin1.ts";
import type { Call } from "../../core/command/call.ts";
import { oneKey } from "../../core/command/generic/keySpecs.ts";
import { lookupArg } from "../../core/command/lookup.ts";
import type { CommandSpec } from "../../core/command/spec.ts";
import { VALUE_STRING } from "../../core/state/keySpace.ts";
import type { Ref } from "../../core/state/slab.ts";
import { AnswerWriter, ERROR_FIELD } from "./answerWriter.ts";
import { isKvArgs, type KvArgs } from "./kvArgs.ts";
import { evaluateBatch } from "./kvBatch.ts";
import { type KvError, putError } from "./kvError.ts";
import { Current, getReplyBytes, Plan, type PlanContext, planOperation, putGetReply } from "./kvPlan.ts";
import { BATCH, COMPARE_AND_SET, DELETE, GET, INCREMENT, type KvRequest, PUT, SCAN } from "./kvRequest.ts";
import { evaluateScan } from "./kvScan.ts";
import { KvSessions } from "./kvSessions.ts";
import { KvTable } from "./kvTable.ts";
import type { Positions } from "./position.ts";

/** What replies have beside a value: two positions, and whose they are. */
const BESIDE_VALUE_BYTES = 26;

/** What the commands see of the node. */
export interface KvNode {
  readonly positions: Positions;
  /** Whatever is read takes everything up to here into account. */
  readonly settledSeq: () => number;
  /** Up to here the state has everything, committed or not. */
  readonly stateSeq: () => number;
  /** `host:port` of who answers for a slot that is not this group's; empty when nobody knows. */
  readonly ownerOf: (slot: number) => string;
}

/** Everything of one node's that its commands work with. */
export class KvEvaluation {
  readonly node: KvNode;
  readonly answer = new AnswerWriter();
  readonly current = new Current();
  readonly plan = new Plan();
  readonly sessions = new KvSessions();

  constructor(node: KvNode) {
    this.node = node;
  }

  context(call: Call): PlanContext {
    const { positions, settledSeq } = this.node;
    return { positions, now: call.now, seq: call.mutate.seq, position: settledSeq() };
  }
}

/** The commands of the API over one node. */
export function kvTable(node: KvNode): KvTable {
  const evaluation = new KvEvaluation(node);
  const single = (call: Call): void => evaluateOne(call, evaluation);
  const isRepeated = (call: Call): boolean => evaluation.sessions.isRepeated(call, kvArgsOf(call).request);
  const specs: CommandSpec[] = [];
  specs[GET] = spec("kv.get", ["readonly", "fast"], 1, (call) => evaluateGet(call, evaluation));
  specs[PUT] = spec("kv.put", ["write", "denyoom", "fast"], 1, single);
  specs[DELETE] = spec("kv.delete", ["write", "fast"], 1, single);
  specs[COMPARE_AND_SET] = spec("kv.compareandset", ["write", "denyoom", "fast"], 1, single);
  specs[INCREMENT] = spec("kv.increment", ["write", "denyoom", "fast"], 1, single);
  specs[BATCH] = spec("kv.batch", ["write", "denyoom"], -1, (call) => evaluateBatch(call, evaluation));
  specs[SCAN] = spec("kv.scan", ["readonly"], 0, (call) => evaluateScan(call, evaluation));
  return new KvTable(specs.map((each) => (each.flags.includes("write") ? { ...each, isRepeated } : each)));
}

/** `keys`: 0 for none, 1 for one, -1 for all arguments. */
function spec(
  name: string,
  flags: CommandSpec["flags"],
  keys: 0 | 1 | -1,
  evaluate: (call: Call) => void,
): CommandSpec {
  const [key] = oneKey(flags.includes("write") ? ["RW", "access", "update"] : ["RO", "access"]);
  invariant(key !== undefined, "one key has a specification");
  const specs = { "0": [], "1": [key], "-1": [{ ...key, find: { lastKey: -1, keyStep: 1, limit: 0 } }] };
  return {
    name,
    arity: -1,
    flags,
    group: "string",
    since: "",
    summary: "",
    keys: specs[keys],
    isInternal: true,
    evaluate,
  };
}

export function kvArgsOf(call: Call): KvArgs {
  const { args } = call;
  invariant(isKvArgs(args), "a command of the API has a request of the API");
  return args;
}

/** Like any other operation, but its answer's length is known before: it is written where it stays. */
function evaluateGet(call: Call, evaluation: KvEvaluation): void {
  const { current, answer, node } = evaluation;
  readCurrent(call, 1, current);
  if (!current.isValue) return evaluateOne(call, evaluation);
  const { request, id } = kvArgsOf(call);
  const { out } = call.reply;
  const { positions } = node;
  const bytes = getReplyBytes(current, request.noValue, call.now, positions);
  answer.beginWhole(out, id, GET, bytes);
  const start = out.length;
  putGetReply(out, current, request.noValue, call.now, positions, node.settledSeq());
  invariant(out.length - start === bytes, "a reply has the length that stands before it");
}

function evaluateOne(call: Call, evaluation: KvEvaluation): void {
  const { request, id } = kvArgsOf(call);
  const { answer, current, plan, sessions } = evaluation;
  if (request.sessionStart >= 0 && !sessions.mayExecute(call, request, id, answer)) return;
  if (needsCurrent(request)) readCurrent(call, 1, current);
  else current.absent(0);
  const { out } = call.reply;
  answer.begin(out, id, BESIDE_VALUE_BYTES + current.end - current.start);
  planOperation(request, current, evaluation.context(call), out, plan);
  if (plan.error !== undefined) return finishRefused(call, evaluation, plan.error);
  carryOut(call, request, plan);
  finishEvaluated(call, evaluation);
}

/** The reply is written; its effect, if any, is done. */
export function finishEvaluated(call: Call, { answer, sessions }: KvEvaluation): void {
  const { request } = kvArgsOf(call);
  if (request.sessionStart >= 0) sessions.remember(call, request, answer, false);
  answer.finish(request.method);
}

/** It was evaluated, and has no effect because of what the key holds. */
export function finishRefused(call: Call, { answer, sessions }: KvEvaluation, error: KvError): void {
  const { request } = kvArgsOf(call);
  answer.restart();
  putError(answer.out, error);
  if (request.sessionStart >= 0) sessions.remember(call, request, answer, true);
  answer.finish(ERROR_FIELD);
}

function needsCurrent(request: KvRequest): boolean {
  if (request.method !== PUT) return true;
  const { ifAbsent, ifVersion, keepTtl, returnPrevious } = request;
  return ifAbsent || keepTtl || returnPrevious || ifVersion.end > ifVersion.start;
}

/** What the key at argument `i` holds. Its value is a view that ends with the next change or look-up. */
export function readCurrent(call: Call, i: number, current: Current): void {
  const { state } = call;
  const ref = lookupArg(call, i);
  current.absent(0);
  if (ref === 0) return;
  current.found = true;
  current.isValue = state.type(ref) === VALUE_STRING;
  if (current.isValue) readValue(call, ref, current);
  current.expireAt = state.expireAt(ref);
  current.version = state.version(ref);
}

function readValue({ state }: Call, ref: Ref, current: Current): void {
  const page = state.stringPage(ref);
  if (page === null) {
    const view = state.stringView(ref);
    current.holds(view, 0, view.length);
    return;
  }
  const start = state.stringStart(ref);
  current.holds(page, start, start + state.stringLength(ref));
}

/** Does what was planned for the request's key. */
export function carryOut(call: Call, request: KvRequest, plan: Plan): void {
  if (plan.effect === "none") return;
  const { mutate } = call;
  const { bytes, key, value } = request;
  if (plan.effect === "set" && request.method !== INCREMENT && value.start >= 0) {
    mutate.setArg(bytes, key.start, key.end, value.start, value.end, plan.expireAt);
    return;
  }
  const text = decodeLatin1(bytes, key.start, key.end);
  if (plan.effect === "delete") mutate.delete(text);
  else mutate.setBytes(text, plan.bytes, plan.start, plan.end, plan.expireAt);
}
