import { EngineBatchWriter } from "../base/engineBatch.ts";
import { epoch, SEQ_NONE } from "../base/ids.ts";
import type { Checksum } from "../ports/checksum.ts";
import type { Engine } from "../ports/engine.ts";
import { CONTENT_RANGE, META_KEY } from "./keyLayout.ts";
import type { Log } from "./log/log.ts";
import { encodeMeta, newMeta } from "./meta.ts";

/**
 * Makes store and log those of a replica that has nothing yet: after an installation that was broken off. The store says to the
 * last step that it is not whole.
 */
export async function emptyReplica(engine: Engine, log: Log, checksum: Checksum): Promise<void> {
  await engine.clear(CONTENT_RANGE.gte, CONTENT_RANGE.lt);
  await log.reset(SEQ_NONE, epoch(0));
  const batch = new EngineBatchWriter(checksum.crc32);
  batch.put(META_KEY, encodeMeta(newMeta()));
  await engine.apply(batch.take(), { sync: true });
}
