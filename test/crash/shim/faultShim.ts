import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, realpathSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("./faultShim.c", import.meta.url));
const COMPILERS = ["cc", "gcc", "clang"];
const FIELD_BYTES = 8;

/** The fields of the C side's `struct control`, in its order. */
const FIELDS = [
  "syncFailsFrom",
  "syncDelayMillis",
  "spaceBytes",
  "readsFail",
  "syncs",
  "syncsFailed",
  "syncsAfterFailure",
  "writesRefused",
  "readsFailed",
] as const;
type Field = (typeof FIELDS)[number];

/** The compiled library, or the reason why there is none here. */
export type CompiledShim =
  | { readonly code: "compiled"; readonly library: string }
  | { readonly code: "unavailable"; readonly reason: string };

/** Compiles the shim into a directory. It takes a C compiler on Linux. */
export function compileFaultShim(directory: string): CompiledShim {
  if (process.platform !== "linux") return { code: "unavailable", reason: `LD_PRELOAD on ${process.platform}` };
  const library = join(directory, "faultShim.so");
  for (const compiler of COMPILERS) {
    const args = ["-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"];
    const run = spawnSync(compiler, args, { encoding: "utf8" });
    if (run.error !== undefined) continue;
    if (run.status !== 0) throw new Error(`${compiler} refused ${SOURCE}:\n${run.stderr}`);
    return { code: "compiled", library };
  }
  return { code: "unavailable", reason: `no C compiler (${COMPILERS.join(", ")}) to build the fault shim with` };
}

/** The faults of one server's disk: set them, and read what happened, at any time while it runs. */
export class DiskFaults {
  /** What the server must be started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly #fd: number;

  /** `prefix`: the existing directory whose files shall fail; everything under it does. */
  constructor(library: string, controlFile: string, prefix: string) {
    writeFileSync(controlFile, Buffer.alloc(FIELDS.length * FIELD_BYTES));
    this.#fd = openSync(controlFile, "r+");
    this.set("spaceBytes", -1);
    this.env = {
      LD_PRELOAD: library,
      HOLDFAST_FAULT_CONTROL: controlFile,
      HOLDFAST_FAULT_PREFIX: realpathSync(prefix),
      // File operations by io_uring would not pass through the C library.
      UV_USE_IO_URING: "0",
    };
  }

  set(field: "syncFailsFrom" | "syncDelayMillis" | "spaceBytes" | "readsFail", value: number): void {
    const bytes = Buffer.alloc(FIELD_BYTES);
    bytes.writeBigInt64LE(BigInt(value));
    writeSync(this.#fd, bytes, 0, FIELD_BYTES, FIELDS.indexOf(field) * FIELD_BYTES);
  }

  get(field: Field): number {
    const bytes = Buffer.alloc(FIELD_BYTES);
    readSync(this.#fd, bytes, 0, FIELD_BYTES, FIELDS.indexOf(field) * FIELD_BYTES);
    return Number(bytes.readBigInt64LE());
  }

  close(): void {
    closeSync(this.#fd);
  }
}
