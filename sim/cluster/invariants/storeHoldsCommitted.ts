import { ByteReader } from "../../../src/base/byteReader.ts";
import { crc32 } from "../../../src/base/crc.ts";
import { forEachOperation, openValue } from "../../../src/base/engineBatch.ts";
import type { Engine, EngineBatch } from "../../../src/ports/engine.ts";
import { META_KEY } from "../../../src/storage/keyLayout.ts";
import { decodeMeta } from "../../../src/storage/meta.ts";
import { overriding } from "../../sabotage/patching.ts";
import { Violation } from "../../violation.ts";
import type { ClusterProcess } from "../clusterProcess.ts";
import type { ClusterWorld } from "../clusterWorld.ts";

const TABLE_KEYS = 0x10;

/** Nothing goes to a store that is not committed: nobody could take it back. */
export function watchEngine(world: ClusterWorld, process: ClusterProcess, engine: Engine): Engine {
  let isInstalling = false;
  const check = ({ bytes }: EngineBatch): void => {
    forEachOperation(bytes, (key, value) => {
      if (value === undefined) return;
      const isMeta = key.length === META_KEY.length && key[0] === META_KEY[0];
      if (!isMeta && key[0] !== TABLE_KEYS) return;
      const content = openValue(key, value, crc32);
      if (content === undefined) return;
      const meta = isMeta ? decodeMeta(content) : undefined;
      const newest = meta === undefined ? versionOf(content) : meta.applied;
      const own = isInstalling ? undefined : process.node?.replica.commitPoint;
      const committed = own ?? world.groupOf(process.machine).ghost.committedSeq;
      if (newest > committed) {
        const message = `${process.machine.id} writes entry ${newest}, ${committed} is the newest one committed`;
        world.fail(new Violation("the store has only what is committed", message));
      }
      if (meta === undefined) return;
      if (isInstalling && !meta.installing) world.count("snapshots");
      isInstalling = meta.installing;
    });
  };
  return overriding(engine, {
    apply: (batch, options) => {
      check(batch);
      return engine.apply(batch, options);
    },
  });
}

function versionOf(record: Uint8Array): number {
  const reader = new ByteReader(record);
  reader.u8();
  return reader.u48();
}
