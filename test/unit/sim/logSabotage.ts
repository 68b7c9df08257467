import type { Disk, DiskFile } from "../../../src/ports/disk.ts";
import type { LogWorldOptions } from "./logWorld.ts";

type Sabotage = Pick<LogWorldOptions, "sabotage" | "log">;

/** Ways to break the log from below, each of which the oracle has to notice. */
export const sabotages: Readonly<Record<string, Sabotage>> = {
  "a sync does nothing": onFiles((file) => overriding(file, { sync: async () => undefined })),
  "a sync of the directory does nothing": {
    sabotage: (disk) => overriding(disk, { syncDirectory: async () => undefined }),
  },
  "a cut of a file does nothing": onFiles((file) => overriding(file, { truncate: async () => undefined })),
  "bytes that are there already are not written again": onFiles((file) =>
    overriding(file, {
      async write(bytes: Uint8Array, at: number) {
        const there = new Uint8Array(bytes.length);
        const length = await file.read(there, at);
        if (length < bytes.length || there.some((byte, i) => byte !== bytes[i])) await file.write(bytes, at);
      },
    }),
  ),
  "no checksum is ever wrong": { log: { checksum: { crc32: () => 0 } } },
};

function onFiles(change: (file: DiskFile) => DiskFile): Sabotage {
  return {
    sabotage: (disk) =>
      overriding(disk, {
        open: async (name: string, options: { readonly create: boolean }) => change(await disk.open(name, options)),
      }),
  };
}

/** The same object but for some methods. */
function overriding<T extends Disk | DiskFile>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(object, key) {
      if (key in methods) return methods[key as keyof T];
      const value: unknown = Reflect.get(object, key, object);
      return typeof value === "function" ? value.bind(object) : value;
    },
  });
}
