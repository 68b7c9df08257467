import { err, ok, type Result } from "../base/result.ts";
import type {
  CoordinatorError,
  MultiError,
  MultiOperation,
  MultiResult,
  SessionId,
  Znode,
} from "../ports/coordinator.ts";
import { nodeName, parentPath } from "./znodePath.ts";

/** What happened to a znode, as watches are told. */
export interface ZnodeEvent {
  readonly kind: "created" | "changed" | "deleted" | "children";
  readonly path: string;
}

/** Operations that were executed as one. */
export interface Executed {
  readonly results: readonly MultiResult[];
  readonly events: readonly ZnodeEvent[];
  /** Something changed that outlasts the sessions. */
  readonly isDurable: boolean;
  /** Makes all of it undone; only for what was executed last. */
  undo(): void;
}

interface TreeNode {
  data: string;
  version: number;
  readonly owner: SessionId | undefined;
  readonly children: Set<string>;
  /** The number of the next sequential child. */
  sequence: number;
}

/** A durable znode as it is kept in a file. */
export interface KeptZnode {
  readonly data: string;
  readonly version: number;
  readonly sequence?: number;
}

const SEQUENCE_DIGITS = 10;

/** The znodes and what operations do to them, as ZooKeeper does it; the coordinators that are not ZooKeeper are made of it. */
export class ZnodeTree {
  readonly #nodes = new Map<string, TreeNode>([["/", newNode("", undefined)]]);

  get(path: string): Znode | undefined {
    const node = this.#nodes.get(path);
    if (node === undefined) return undefined;
    const { data, version, owner } = node;
    return owner === undefined ? { data, version } : { data, version, owner };
  }

  /** Names, sorted; nothing if there is no such znode. */
  children(path: string): readonly string[] | undefined {
    const node = this.#nodes.get(path);
    return node === undefined ? undefined : [...node.children].sort();
  }

  /** All operations or none, in the name of a session. */
  execute(operations: readonly MultiOperation[], session: SessionId): Result<Executed, MultiError> {
    const done = new Effects();
    const results: MultiResult[] = [];
    for (const [index, operation] of operations.entries()) {
      const result = this.#execute(operation, session, done);
      if (!result.ok) {
        done.undo();
        return err({ ...result.error, index });
      }
      results.push(result.value);
    }
    return ok({ results, events: done.events, isDurable: done.isDurable, undo: () => done.undo() });
  }

  /** Removes what belongs to a session; answers what watches are to be told. */
  endSession(session: SessionId): readonly ZnodeEvent[] {
    const done = new Effects();
    for (const [path, node] of this.#nodes) if (node.owner === session) this.#remove(path, node, done);
    return done.events;
  }

  /** The durable znodes, parents before children. The root is among them if it has content. */
  kept(): readonly (readonly [path: string, znode: KeptZnode])[] {
    return [...this.#nodes]
      .filter(([path, { owner, data, version, sequence }]) =>
        path === "/" ? data !== "" || version + sequence > 0 : owner === undefined,
      )
      .map(
        ([path, { data, version, sequence }]) => [path, { data, version, ...(sequence > 0 && { sequence }) }] as const,
      )
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Puts a znode back that was kept. Parents that were not are made, empty. */
  restore(path: string, { data, version, sequence = 0 }: KeptZnode): void {
    const above = parentPath(path);
    if (above !== undefined && !this.#nodes.has(above)) this.restore(above, { data: "", version: 0 });
    const present = this.#nodes.get(path);
    const node = { ...newNode(data, undefined), version, sequence, children: present?.children ?? new Set<string>() };
    this.#nodes.set(path, node);
    if (above !== undefined) this.#nodes.get(above)!.children.add(nodeName(path));
  }

  #execute(operation: MultiOperation, session: SessionId, done: Effects): Result<MultiResult, CoordinatorError> {
    if (operation.op === "create") return this.#create(operation, session, done);
    const node = this.#nodes.get(operation.path);
    if (node === undefined) return err({ code: "no_node" });
    if (node.version !== operation.version) return err({ code: "bad_version" });
    if (operation.op === "check") return ok({ op: "check" });
    if (operation.op === "replace") return ok({ op: "replace", version: replace(operation, node, done) });
    if (node.children.size > 0) return err({ code: "not_empty" });
    if (operation.path === "/") return err({ code: "invalid", message: "the root stays" });
    this.#remove(operation.path, node, done);
    return ok({ op: "delete" });
  }

  #create(
    operation: MultiOperation & { readonly op: "create" },
    session: SessionId,
    done: Effects,
  ): Result<MultiResult, CoordinatorError> {
    const above = parentPath(operation.path);
    if (above === undefined) return err({ code: "exists" });
    const parent = this.#nodes.get(above);
    if (parent === undefined) return err({ code: "no_node" });
    if (parent.owner !== undefined) return err({ code: "no_children_for_ephemerals" });
    const number = operation.sequential ? String(parent.sequence).padStart(SEQUENCE_DIGITS, "0") : "";
    const path = operation.path + number;
    if (this.#nodes.has(path)) return err({ code: "exists" });
    const node = newNode(operation.data, operation.kind === "session" ? session : undefined);
    const name = nodeName(path);
    this.#nodes.set(path, node);
    parent.children.add(name);
    if (operation.sequential) parent.sequence++;
    done.add(node.owner === undefined || operation.sequential === true, () => {
      this.#nodes.delete(path);
      parent.children.delete(name);
      if (operation.sequential) parent.sequence--;
    });
    done.events.push({ kind: "created", path }, { kind: "children", path: above });
    return ok({ op: "create", path });
  }

  #remove(path: string, node: TreeNode, done: Effects): void {
    const above = parentPath(path)!;
    const parent = this.#nodes.get(above)!;
    const name = nodeName(path);
    this.#nodes.delete(path);
    parent.children.delete(name);
    done.add(node.owner === undefined, () => {
      this.#nodes.set(path, node);
      parent.children.add(name);
    });
    done.events.push({ kind: "deleted", path }, { kind: "children", path: above });
  }
}

/** What was done so far, and how it is undone. */
class Effects {
  readonly events: ZnodeEvent[] = [];
  isDurable = false;
  readonly #undo: (() => void)[] = [];

  add(isDurable: boolean, undo: () => void): void {
    this.isDurable ||= isDurable;
    this.#undo.push(undo);
  }

  undo(): void {
    for (const step of this.#undo.splice(0).reverse()) step();
  }
}

function replace(operation: { readonly path: string; readonly data: string }, node: TreeNode, done: Effects): number {
  const { data, version } = node;
  node.data = operation.data;
  node.version = version + 1;
  done.add(node.owner === undefined, () => {
    node.data = data;
    node.version = version;
  });
  done.events.push({ kind: "changed", path: operation.path });
  return node.version;
}

function newNode(data: string, owner: SessionId | undefined): TreeNode {
  return { data, version: 0, owner, children: new Set(), sequence: 0 };
}
