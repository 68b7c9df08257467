import { setTimeout as sleep } from "node:timers/promises";
import { checkAcknowledged } from "../../sim/checker/acknowledged.ts";
import type { Operation } from "../../sim/checker/history.ts";
import { checkLinearizable } from "../../sim/checker/linearizability.ts";
import { checkTransactions } from "../../sim/checker/transactions.ts";
import type { Configuration } from "../../src/core/replica/configuration.ts";
import type { GroupRig } from "../support/groupRig.ts";
import { HistoryRecorder } from "../support/historyRecorder.ts";
import { TransactionRecorder } from "../support/historyRecorderTransactions.ts";
import { RespClient } from "../support/respClient.ts";
import type { LoadFacts } from "./faults.ts";

/** A group, or a cluster of groups. */
export type RoundRig = Pick<GroupRig, "groups" | "endpoints" | "repair" | "whole" | "notices">;

type RoundOptions = {
  readonly seed: number;
  /** Keys begin with it: no two rounds on one rig use the same. */
  readonly name: string;
  /** What goes wrong under the load. */
  readonly trouble: (load: LoadFacts) => Promise<void>;
};

export type RoundReport = {
  /** What must not be; empty if all is well. */
  readonly violations: readonly string[];
  readonly operations: Readonly<Record<"ok" | "refused" | "unknown", number>>;
  readonly transactions: number;
  /** Epochs that the configuration has gone through. */
  readonly epochs: number;
  /** Of them, those that began with another primary, as far as they were seen. */
  readonly isOtherPrimary: boolean;
  /** From the end of the trouble until every worker was a member again. */
  readonly repairMillis: number;
  readonly history: readonly Operation[];
};

const CLIENTS = 6;
const TRANSACTION_CLIENTS = 2;
const TRANSACTIONS_MAX = 2_000;
const PAUSE_MILLIS_MAX = 4;
const LOAD_MILLIS_MAX = 240_000;
const CALM_MILLIS = 400;
const REPAIR_MILLIS_MAX = 40_000;
const WRITE_AGAIN_MILLIS_MAX = 10_000;
const WRITE_TRIES_MIN = 3;
const END_TRIES_MAX = 5;

/**
 * Puts a load on the group, lets something go wrong, repairs it, and judges: every reply linearizable, no acknowledged write lost,
 * transactions strictly serializable, all replicas alike in the end, and the group whole and writable again in bounded time.
 */
export async function playRound(rig: RoundRig, { seed, name, trouble }: RoundOptions): Promise<RoundReport> {
  const violations: string[] = [];
  const before = await configurations(rig);
  const { endpoints } = rig;
  const transactionPrefix = `{${name}}:`;
  const common = { endpoints, seed, runMillisMax: LOAD_MILLIS_MAX };
  const recorder = new HistoryRecorder({
    ...common,
    clients: CLIENTS,
    keyPrefix: `${name}:`,
    pauseMillisMax: PAUSE_MILLIS_MAX,
  });
  const transactions = new TransactionRecorder({
    ...common,
    clients: TRANSACTION_CLIENTS,
    transactionsMax: TRANSACTIONS_MAX,
    keyPrefix: transactionPrefix,
  });
  await sleep(CALM_MILLIS);
  const keys = (): readonly string[] => [...recorder.keysInUse(), transactionPrefix];
  await trouble({ acknowledged: () => recorder.counts.ok, keys }).catch((error: Error) =>
    violations.push(error.message),
  );
  const repairedAt = performance.now();
  await rig.repair();
  let isWhole = true;
  try {
    await rig.whole(REPAIR_MILLIS_MAX);
    for (const group of rig.groups) await writeOnce(group, `${name}:again`);
  } catch (error) {
    isWhole = false;
    violations.push((error as Error).message);
  }
  const repairMillis = performance.now() - repairedAt;
  await sleep(CALM_MILLIS);
  const history = await recorder.stop();
  const serial = await transactions.stop();
  if (isWhole) violations.push(...(await judgeEnd(recorder, history)));
  const verdict = checkLinearizable(history);
  if (verdict.code !== "ok") violations.push(`${verdict.code}: ${JSON.stringify(verdict)}`);
  const order = checkTransactions(serial);
  if (order.code !== "ok") violations.push(`transactions: ${JSON.stringify(order)}`);
  const after = await configurations(rig);
  return {
    violations,
    operations: recorder.counts,
    transactions: serial.length,
    epochs: epochsOf(after) - epochsOf(before),
    isOtherPrimary: after.some(({ primary }, index) => primary.id !== before[index]!.primary.id),
    repairMillis,
    history,
  };
}

function configurations({ groups }: RoundRig): Promise<Configuration[]> {
  return Promise.all(groups.map((group) => group.known()));
}

function epochsOf(configurations: readonly Configuration[]): number {
  return configurations.reduce((sum, { epoch }) => sum + epoch, 0);
}

/** Every replica is asked for everything; one that has just lost its lease is asked again. */
async function judgeEnd(recorder: HistoryRecorder, history: readonly Operation[]): Promise<string[]> {
  let trouble = "";
  for (let tries = 0; tries < END_TRIES_MAX; tries++) {
    try {
      const { problems } = checkAcknowledged(history, await recorder.finalContents());
      return problems.map((problem) => JSON.stringify(problem));
    } catch (error) {
      trouble = (error as Error).message;
      await sleep(CALM_MILLIS);
    }
  }
  return [`a replica does not tell what it holds: ${trouble}`];
}

/** Writes go through again, if the group has slots. */
async function writeOnce(rig: GroupRig, name: string): Promise<void> {
  const tag = await rig.ownTag();
  if (tag === undefined) return;
  const key = `{${tag}}${name}`;
  const end = performance.now() + WRITE_AGAIN_MILLIS_MAX;
  let last = "";
  // A machine that stood still for a while has not answered in time, and may answer now.
  for (let tries = 0; tries < WRITE_TRIES_MIN || performance.now() < end; tries++) {
    const { id } = await rig.primary();
    const endpoint = rig.endpoints.find((each) => each.name === id)!;
    try {
      const client = await RespClient.connect({ ...endpoint, deadlineMillis: 1_000 });
      const reply = await client.callWithin(5_000, "SET", key, "1");
      await client.close();
      if (reply.type === "simple") return;
      last = JSON.stringify(reply);
    } catch (error) {
      last = (error as Error).message;
    }
    await sleep(50);
  }
  throw new Error(`nothing can be written although the group is whole: ${last}\n${rig.notices()}`);
}
