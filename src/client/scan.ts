import { keySlot } from "../base/crc16.ts";
import type { ScanItem, ScanOptions, ValueType } from "./api.ts";
import type { ClientCore } from "./core.ts";
import { HoldfastError } from "./errors.ts";
import type { ScanItemMessage, ScanReplyMessage } from "./messages.ts";
import { type Give, versionOf } from "./operations.ts";
import { type Bytes, keyText } from "./values.ts";

const PAGE_SIZE_MAX = 10_000;

/** Page by page, each from who has the slot with which the scan goes on. The next page is asked for when the last is used up. */
export async function* scan<V>(
  core: ClientCore,
  give: Give<V>,
  options: ScanOptions,
): AsyncIterableIterator<ScanItem<V>> {
  const { prefix = "", values = true, pageSize = 100, consistency = "linearizable" } = options;
  if (!Number.isSafeInteger(pageSize) || pageSize < 1 || pageSize > PAGE_SIZE_MAX)
    throw new HoldfastError("invalid", `pageSize is from 1 to ${PAGE_SIZE_MAX}`, false, { field: "pageSize" });
  const isEventual = consistency === "eventual";
  const fixed = { prefix, pageSize, values, consistency: isEventual ? "CONSISTENCY_EVENTUAL" : undefined };
  let slot = firstSlot(prefix);
  let address: string | undefined;
  let cursor: Buffer | undefined;
  do {
    const message = { ...fixed, cursor };
    const facts = { kind: "scan", message, slot, isWrite: false, consistency, address } as const;
    const page: ScanReplyMessage = await core.call(facts, options, (answer) => answer.scan!);
    cursor = Buffer.from(page.nextCursor);
    slot = page.nextSlot;
    address = page.owner === "" || isEventual ? undefined : page.owner;
    for (const item of page.items) yield itemOf(item, give, values);
  } while (cursor.length > 0);
}

/** Keys with a whole tag in the prefix are in one slot; others begin with the first. */
function firstSlot(prefix: Bytes): number {
  const text = keyText(prefix);
  const open = text.indexOf("{");
  return open >= 0 && text.indexOf("}", open + 1) > open + 1 ? keySlot(text) : 0;
}

function itemOf<V>(item: ScanItemMessage, give: Give<V>, hasValues: boolean): ScanItem<V> {
  const type = typeOf(item.type);
  return {
    key: give(item.key),
    type,
    value: hasValues && type === "value" ? give(item.value) : undefined,
    version: versionOf(item.version),
    timeToLiveMillis: item.ttlMillis,
  };
}

/** The wire's name of a type as ours. */
export function typeOf(name: string): ValueType {
  return name.replace("VALUE_TYPE_", "").toLowerCase() as ValueType;
}
