import { err, ok, type Result } from "../base/result.ts";
import type { Coordinator, CoordinatorError, Znode } from "../ports/coordinator.ts";
import { type Disk, DiskError } from "../ports/disk.ts";

const FILE = "coordinator.json";

/** The coordinator of a node that is alone: a few znodes in one file of the data directory, replaced as a whole. */
export class EmbeddedCoordinator implements Coordinator {
  readonly #disk: Disk;
  readonly #znodes: Map<string, Znode>;

  private constructor(disk: Disk, znodes: Map<string, Znode>) {
    this.#disk = disk;
    this.#znodes = znodes;
  }

  /** Answers a sentence when the file is there and cannot be understood. */
  static async open(disk: Disk): Promise<Result<EmbeddedCoordinator, string>> {
    let text: string;
    try {
      text = Buffer.from(await disk.read(FILE)).toString("utf8");
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "not_found") throw error;
      return ok(new EmbeddedCoordinator(disk, new Map()));
    }
    const znodes = parse(text);
    if (znodes === undefined) return err(`${FILE} is damaged: it is not what this program writes`);
    return ok(new EmbeddedCoordinator(disk, znodes));
  }

  async get(path: string): Promise<Znode | undefined> {
    return this.#znodes.get(path);
  }

  async create(path: string, data: string): Promise<Result<void, CoordinatorError>> {
    if (this.#znodes.has(path)) return err({ code: "exists" });
    await this.#write(path, { data, version: 0 });
    return ok(undefined);
  }

  async replace(path: string, data: string, version: number): Promise<Result<number, CoordinatorError>> {
    const znode = this.#znodes.get(path);
    if (znode === undefined) return err({ code: "no_node" });
    if (znode.version !== version) return err({ code: "bad_version" });
    await this.#write(path, { data, version: version + 1 });
    return ok(version + 1);
  }

  /** On disk first: what was answered is kept. */
  async #write(path: string, znode: Znode): Promise<void> {
    const next = new Map(this.#znodes).set(path, znode);
    await this.#disk.replace(FILE, Buffer.from(`${JSON.stringify({ format: 1, znodes: Object.fromEntries(next) })}\n`));
    this.#znodes.set(path, znode);
  }
}

function parse(text: string): Map<string, Znode> | undefined {
  try {
    const { format, znodes } = JSON.parse(text) as { format?: unknown; znodes?: unknown };
    if (format !== 1 || typeof znodes !== "object" || znodes === null) return undefined;
    const entries = Object.entries(znodes as { [path: string]: unknown });
    return entries.every(([, znode]) => isZnode(znode)) ? new Map(entries as [string, Znode][]) : undefined;
  } catch {
    return undefined;
  }
}

function isZnode(value: unknown): value is Znode {
  if (typeof value !== "object" || value === null) return false;
  const { data, version } = value as { data?: unknown; version?: unknown };
  return typeof data === "string" && Number.isInteger(version);
}
