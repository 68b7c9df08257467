import { Command } from "commander";
import type { ClusterHeat } from "../platform/rpc/clusterService.ts";
import { countOption } from "./counts.ts";
import { bytesText, tableText } from "./figures.ts";
import { addReach, fail, printJson, type Reach, withMaster } from "./reach.ts";

interface Options extends Reach {
  readonly count: number;
}

/** `holdfast hot`: where the load is. */
export function hotCommand(): Command {
  return countOption(addReach(new Command("hot").description("show which workers, slots and keys are used most")), 10)
    .exitOverride()
    .action((options: Options) =>
      withMaster(options, async (client) => {
        const heat = await client.hot(options.count);
        if (!heat.ok) return fail(heat.error.message);
        if (options.json === true) printJson(heat.value);
        else process.stdout.write(heatText(heat.value));
        return 0;
      }),
    );
}

/** Three tables, for people. */
export function heatText({ workers, slots, keys }: ClusterHeat): string {
  if (workers.length === 0) return "no worker has told of its load yet; ask again in a few seconds\n";
  const workerRows = workers.map(({ worker, group, reads, writes, bytes, load }) => [
    ...[worker, group, perSecond(reads), perSecond(writes), `${bytesText(bytes)}/s`, `${Math.round(load * 100)} %`],
  ]);
  const slotRows = slots.map(({ slot, group, reads, writes, keys: count, bytes }) => [
    ...[String(slot), group, perSecond(reads), perSecond(writes), String(count), bytesText(bytes)],
  ]);
  const keyRows = keys.map(({ key, group, requests }) => [keyText(key), group, perSecond(requests)]);
  return [
    tableText([["worker", "group", "reads/s", "writes/s", "traffic", "load"], ...workerRows]),
    ...(slots.length === 0 ? [] : [tableText([["slot", "group", "reads/s", "writes/s", "keys", "size"], ...slotRows])]),
    ...(keys.length === 0 ? [] : [tableText([["key", "group", "requests/s"], ...keyRows])]),
  ].join("\n");
}

function perSecond(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}

/** Bytes that are no letters could do anything to a terminal. */
function keyText(key: string): string {
  const text = Buffer.from(key, "latin1").toString("utf8");
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
