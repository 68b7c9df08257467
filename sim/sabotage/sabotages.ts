import { crc32 } from "../../src/base/crc.ts";
import { EngineBatchWriter, forEachOperation, openValue } from "../../src/base/engineBatch.ts";
import { seq } from "../../src/base/ids.ts";
import { KeySpace } from "../../src/core/state/keySpace.ts";
import { Replayer } from "../../src/core/state/replay.ts";
import type { DiskFile } from "../../src/ports/disk.ts";
import type { Engine, EngineBatch } from "../../src/ports/engine.ts";
import { META_KEY } from "../../src/storage/keyLayout.ts";
import { Log } from "../../src/storage/log/log.ts";
import { decodeMeta, type EngineMeta, encodeMeta } from "../../src/storage/meta.ts";
import { HeldReplies } from "../../src/worker/heldReplies.ts";
import { Watches } from "../../src/worker/watches.ts";
import { exchange, overriding } from "./patching.ts";
import { NO_SABOTAGE, type Sabotage } from "./sabotage.ts";

/** Bugs that one could have made, and some that were made. The simulation must find each of them. */
export const SABOTAGES: Readonly<Record<string, Partial<Sabotage>>> = {
  "replies do not wait for the log": {
    patch: () => exchange(HeldReplies.prototype, "add", () => (client, _seq, bytes) => client.sink.send(bytes)),
  },
  "what was refused is acknowledged": {
    patch: () =>
      exchange(HeldReplies.prototype, "refuse", () => {
        return function (this: HeldReplies) {
          this.release(Number.POSITIVE_INFINITY, () => "kept");
          return new Set();
        };
      }),
  },
  "what was refused stays in memory": {
    node: ({ state }) => {
      const { clear, reset } = state;
      state.reset = () => undefined;
      state.clear = (at) => {
        state.reset = reset;
        clear.call(state, at);
        state.reset = () => undefined;
      };
    },
  },
  "a sync of the log does nothing": onLogFiles((file) => overriding(file, { sync: async () => undefined })),
  "a failed sync is tried again": onLogFiles((file) =>
    overriding(file, { sync: () => file.sync().catch(() => file.sync()) }),
  ),
  "a flush does not wait for the log": flushEarly(),
  "the log is cut too early": {
    patch: () =>
      exchange(Log.prototype, "cut", (original) => {
        return function (this: Log) {
          return original.call(this, this.lastSeq);
        };
      }),
  },
  "the store is never synced": onBatches((batch) => batch, false),
  "the store says more than it has": onMeta((meta) => ({ ...meta, applied: seq(meta.applied + 1) })),
  "the store counts wrong": onMeta((meta) => ({
    ...meta,
    storedKeys: meta.storedKeys + (meta.storedKeys % 7 === 3 ? 1 : 0),
  })),
  "the store forgets that all keys were removed": onMeta((meta) => ({ ...meta, generation: 1 })),
  "a crash leaves half a batch": { tearsBatches: true },
  "tombstones are forgotten": {
    patch: () =>
      exchange(KeySpace.prototype, "delete", (original) => {
        return function (this: KeySpace, key, at) {
          const isDeleted = original.call(this, key, at);
          this.forgetTombstone(key, at);
          return isDeleted;
        };
      }),
  },
  "a replay looks at no versions": {
    patch: replayBlindly,
    options: (drawn) => ({
      ...drawn,
      faults: ["crash", "kill"],
      eventsBetweenFaults: 200,
      engineMicrosMax: 60_000,
      sizes: { ...drawn.sizes, flushLogBytes: 500, dirtyBlockRefs: 1, batchBytes: 200, batchRecords: 1 },
    }),
  },
  "keys leave memory before the store has them": {
    node: ({ state }) => {
      const { evict } = state;
      state.evict = (limit, _flushedSeq, random, tries) =>
        evict.call(state, limit, Number.POSITIVE_INFINITY, random, tries);
    },
    options: (drawn) => ({ ...drawn, memoryBytesMax: 100_000 }),
  },
  "keys expire without an entry of the log": {
    node: ({ executor, state, replica }) => {
      executor.deleteExpired = (keys) => {
        for (const key of keys) state.delete(key, replica.lastSeq);
      };
    },
  },
  "a scan leaves out what is on disk": {
    node: ({ store }) => {
      store.keys = () => ({ keys: [], next: undefined });
    },
  },
  "a watched key may change": {
    patch: () => exchange(Watches.prototype, "touch", () => () => undefined),
  },
};

export function sabotageNamed(name: string): Sabotage | undefined {
  const sabotage = SABOTAGES[name];
  return sabotage === undefined ? undefined : { ...NO_SABOTAGE, ...sabotage };
}

function onLogFiles(change: (file: DiskFile) => DiskFile): Partial<Sabotage> {
  return {
    disk: (disk) => overriding(disk, { open: async (name, options) => change(await disk.open(name, options)) }),
  };
}

function onBatches(change: (batch: EngineBatch) => EngineBatch, mayBeSynced = true): Partial<Sabotage> {
  return {
    engine: (engine) =>
      overriding(engine, {
        apply: (batch, { sync }) => engine.apply(change(batch), { sync: sync && mayBeSynced }),
      }),
  };
}

function onMeta(change: (meta: EngineMeta) => EngineMeta): Partial<Sabotage> {
  return onBatches(({ bytes }) => {
    const writer = new EngineBatchWriter(crc32);
    forEachOperation(bytes, (key, value) => {
      const isMeta = key.length === META_KEY.length && key[0] === META_KEY[0];
      if (value === undefined) writer.delete(key);
      else {
        const plain = openValue(key, value, crc32)!;
        writer.put(key, isMeta ? encodeMeta(change(decodeMeta(plain)!)) : plain);
      }
    });
    return writer.take();
  });
}

/** Each batch goes to the store as soon as it is made, and is synced there. */
function flushEarly(): Partial<Sabotage> {
  let current: Engine | undefined;
  return {
    engine: (engine) => {
      current = engine;
      return engine;
    },
    patch: () =>
      exchange(EngineBatchWriter.prototype, "take", (original) => {
        return function (this: EngineBatchWriter) {
          const batch = original.call(this);
          if (batch.operations > 0) current?.apply(batch, { sync: true }).catch(() => undefined);
          return batch;
        };
      }),
  };
}

function replayBlindly(): () => void {
  let isReplaying = false;
  const unpatchEntry = exchange(Replayer.prototype, "entry", (original) => {
    return function (this: Replayer, reader, at) {
      isReplaying = true;
      original.call(this, reader, at);
      isReplaying = false;
    };
  });
  const unpatchFind = exchange(KeySpace.prototype, "find", (original) => {
    return function (this: KeySpace, key) {
      const ref = original.call(this, key);
      if (isReplaying) this.pendingVersion = 0;
      return ref;
    };
  });
  return () => {
    unpatchFind();
    unpatchEntry();
  };
}
