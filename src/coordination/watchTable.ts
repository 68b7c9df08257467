import type { ZnodeEvent } from "./znodeTree.ts";

/** What a watch is about: a znode's content, the coming of one that is not there, or the names of its children. */
export type WatchKind = "data" | "absence" | "children";

export type Watch = () => void;

/** Which watches an event ends. A deleted znode has no children any more, either. */
const ENDED_BY: { readonly [kind in ZnodeEvent["kind"]]: readonly WatchKind[] } = {
  created: ["data", "absence"],
  changed: ["data", "absence"],
  deleted: ["data", "absence", "children"],
  children: ["children"],
};

/** The watches that one session has left. Each is taken out before it is called. */
export class WatchTable {
  readonly #watches: { readonly [kind in WatchKind]: Map<string, Set<Watch>> } = {
    data: new Map(),
    absence: new Map(),
    children: new Map(),
  };

  add(kind: WatchKind, path: string, watch: Watch): void {
    const present = this.#watches[kind].get(path);
    if (present === undefined) this.#watches[kind].set(path, new Set([watch]));
    else present.add(watch);
  }

  /** Takes out the watches that the event ends; the caller calls them. */
  take({ kind, path }: ZnodeEvent): readonly Watch[] {
    return ENDED_BY[kind].flatMap((about) => {
      const watches = this.#watches[about].get(path);
      this.#watches[about].delete(path);
      return watches === undefined ? [] : [...watches];
    });
  }

  takeAll(): readonly Watch[] {
    return Object.values(this.#watches).flatMap((paths) => {
      const watches = [...paths.values()].flatMap((set) => [...set]);
      paths.clear();
      return watches;
    });
  }

  paths(kind: WatchKind): readonly string[] {
    return [...this.#watches[kind].keys()];
  }
}
