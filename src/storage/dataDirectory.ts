import { decodeLatin1, latin1Bytes } from "../base/latin1.ts";
import type { Random } from "../base/random.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type Disk, DiskError } from "../ports/disk.ts";

const FILE = "holdfast.json";
const FORMAT = 1;
/** What may stand in a directory before it is a data directory: what a file system or an interrupted first start leaves. */
const HARMLESS = new Set(["lost+found", "log", "store", "coordinator.json"]);

/** What a data directory says of itself. */
export interface DataIdentity {
  /** Names the replica whose data this is; an integer below 2^48. */
  readonly identity: number;
  /** The secret of the key space's hash, 32 bits each: keys on disk are ordered by it. */
  readonly hashSeed: readonly [number, number];
}

export interface DataDirectoryError {
  readonly code: "newer_format" | "damaged" | "foreign";
  readonly message: string;
}

/** Reads the identity of the data in `disk`, or makes one where there is no data yet. Changes nothing when it refuses. */
export async function openDataDirectory(disk: Disk, random: Random): Promise<Result<DataIdentity, DataDirectoryError>> {
  let text: string;
  try {
    text = decodeLatin1(await disk.read(FILE));
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== "not_found") throw error;
    return create(disk, random);
  }
  return parse(text);
}

async function create(disk: Disk, random: Random): Promise<Result<DataIdentity, DataDirectoryError>> {
  const strangers = (await disk.list()).filter((name) => !HARMLESS.has(name) && !name.startsWith("."));
  if (strangers.length > 0) {
    const message = `the directory is not empty (it has ${strangers.slice(0, 3).join(", ")}) and is no data directory of Holdfast`;
    return err({ code: "foreign", message });
  }
  const data: DataIdentity = {
    identity: (random.u32() % 0xffff) * 0x1_0000_0000 + random.u32(),
    hashSeed: [random.u32(), random.u32()],
  };
  await disk.replace(FILE, latin1Bytes(`${JSON.stringify({ format: FORMAT, ...data }, null, 2)}\n`));
  return ok(data);
}

function parse(text: string): Result<DataIdentity, DataDirectoryError> {
  let fields: { readonly format?: unknown; readonly identity?: unknown; readonly hashSeed?: unknown } | null;
  try {
    fields = JSON.parse(text);
  } catch {
    return err({ code: "damaged", message: `${FILE} is damaged: it is not JSON` });
  }
  const { format, identity, hashSeed } = fields ?? {};
  if (typeof format === "number" && format > FORMAT) {
    const message = `${FILE} says format ${format}; this version of Holdfast knows formats up to ${FORMAT}`;
    return err({ code: "newer_format", message });
  }
  if (format !== FORMAT || !isSeed(hashSeed) || !Number.isSafeInteger(identity)) {
    return err({
      code: "damaged",
      message: `${FILE} is damaged: format, identity or hashSeed is not what this program writes`,
    });
  }
  return ok({ identity: identity as number, hashSeed });
}

function isSeed(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => Number.isInteger(part));
}
