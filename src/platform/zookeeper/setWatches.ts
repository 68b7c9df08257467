import type { WatchTable } from "../../coordination/watchTable.ts";
import { header, OP, XID } from "./protocol.ts";

/** Well below the megabyte at which a server hangs up; ZooKeeper's own client does the same. */
const PATHS_BYTES_MAX = 128 * 1024;

const KINDS = ["data", "absence", "children"] as const;
type Paths = { readonly [kind in (typeof KINDS)[number]]: string[] };

/**
 * Requests that leave the watches at a new server, which tells at once of what has changed since `zxid`. In pieces: ten thousand
 * watches do not fit in one packet.
 */
export function setWatchesFrames(watches: WatchTable, zxid: bigint): Buffer[] {
  const frames: Buffer[] = [];
  let paths: Paths = { data: [], absence: [], children: [] };
  let bytes = 0;
  const flush = (): void => {
    if (bytes > 0) frames.push(frameOf(paths, zxid));
    paths = { data: [], absence: [], children: [] };
    bytes = 0;
  };
  for (const kind of KINDS) {
    for (const path of watches.paths(kind)) {
      paths[kind].push(path);
      bytes += 4 + Buffer.byteLength(path);
      if (bytes >= PATHS_BYTES_MAX) flush();
    }
  }
  flush();
  return frames;
}

function frameOf({ data, absence, children }: Paths, zxid: bigint): Buffer {
  return header(XID.setWatches, OP.setWatches).long(zxid).texts(data).texts(absence).texts(children).frame();
}
