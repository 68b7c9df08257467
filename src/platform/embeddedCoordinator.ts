import { err, ok, type Result } from "../base/result.ts";
import { TreeClient } from "../coordination/treeClient.ts";
import { type KeptZnode, type ZnodeEvent, ZnodeTree } from "../coordination/znodeTree.ts";
import type { Coordinator, MultiError, MultiOperation, MultiResult, SessionId } from "../ports/coordinator.ts";
import { type Disk, DiskError } from "../ports/disk.ts";
import { EmbeddedSession } from "./embeddedSession.ts";

const FILE = "coordinator.json";

/**
 * The coordinator of one process: a few znodes in one file of the data directory, replaced as a whole. Each part of the process
 * that would be a client of ZooKeeper has a session of its own. A session ends when it is closed, or with the process; so its
 * znodes are not in the file.
 */
export class EmbeddedCoordinator {
  readonly #disk: Disk;
  readonly #tree: ZnodeTree;
  readonly #sessions = new Set<EmbeddedSession>();
  #sessionsMade = 0;
  /** Changes go to the file one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(disk: Disk, tree: ZnodeTree) {
    this.#disk = disk;
    this.#tree = tree;
  }

  /** Answers a sentence when the file is there and cannot be understood. */
  static async open(disk: Disk): Promise<Result<EmbeddedCoordinator, string>> {
    let text: string;
    try {
      text = Buffer.from(await disk.read(FILE)).toString("utf8");
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== "not_found") throw error;
      return ok(new EmbeddedCoordinator(disk, new ZnodeTree()));
    }
    const tree = parse(text);
    if (tree === undefined) return err(`${FILE} is damaged: it is not what this program writes`);
    return ok(new EmbeddedCoordinator(disk, tree));
  }

  /** A session of its own, connected from the beginning. */
  connect(): Coordinator {
    const id = (++this.#sessionsMade).toString(16);
    const session: EmbeddedSession = new EmbeddedSession(id, {
      tree: this.#tree,
      settled: () => this.#last,
      execute: (operations) => this.#queue(() => this.#execute(operations, id)),
      end: () => this.#queue(() => this.#end(session)),
    });
    this.#sessions.add(session);
    return new TreeClient(session);
  }

  #queue<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #execute(
    operations: readonly MultiOperation[],
    session: SessionId,
  ): Promise<Result<readonly MultiResult[], MultiError>> {
    const tried = this.#tree.execute(operations, session);
    if (!tried.ok) return tried;
    if (tried.value.isDurable) {
      const content = encode(this.#tree);
      // On disk first: nobody reads what might be gone after a restart.
      tried.value.undo();
      try {
        await this.#disk.replace(FILE, content);
      } catch (error) {
        // The file may have the new content all the same.
        return err({ code: "unknown", message: error instanceof Error ? error.message : String(error) });
      }
      this.#tree.execute(operations, session);
    }
    this.#tell(tried.value.events);
    return ok(tried.value.results);
  }

  async #end(session: EmbeddedSession): Promise<void> {
    this.#sessions.delete(session);
    this.#tell(this.#tree.endSession(session.id));
  }

  #tell(events: readonly ZnodeEvent[]): void {
    for (const session of this.#sessions) session.happened(events);
  }
}

function encode(tree: ZnodeTree): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: 1, znodes: Object.fromEntries(tree.kept()) })}\n`);
}

function parse(text: string): ZnodeTree | undefined {
  try {
    const { format, znodes } = JSON.parse(text) as { format?: unknown; znodes?: unknown };
    if (format !== 1 || typeof znodes !== "object" || znodes === null) return undefined;
    const tree = new ZnodeTree();
    for (const [path, znode] of Object.entries(znodes as { [path: string]: unknown }).sort(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      if (!path.startsWith("/") || !isKept(znode)) return undefined;
      tree.restore(path, znode);
    }
    return tree;
  } catch {
    return undefined;
  }
}

function isKept(value: unknown): value is KeptZnode {
  if (typeof value !== "object" || value === null) return false;
  const { data, version, sequence = 0 } = value as { data?: unknown; version?: unknown; sequence?: unknown };
  return typeof data === "string" && isCount(version) && isCount(sequence);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
