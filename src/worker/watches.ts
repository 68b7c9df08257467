import type { Session } from "../core/command/session.ts";

/** Which sessions watch which keys (`WATCH`). */
export class Watches {
  readonly #sessions = new Map<string, Set<Session>>();

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Session, key: string): void {
    session.watched.add(key);
    const sessions = this.#sessions.get(key);
    if (sessions === undefined) this.#sessions.set(key, new Set([session]));
    else sessions.add(session);
  }

  remove(session: Session): void {
    for (const key of session.watched) {
      const sessions = this.#sessions.get(key);
      sessions?.delete(session);
      if (sessions?.size === 0) this.#sessions.delete(key);
    }
    session.watched.clear();
  }

  /** The key was changed. */
  touch(key: string): void {
    for (const session of this.#sessions.get(key) ?? []) session.watchBroken = true;
  }

  /** All keys are about to be removed: those that exist count as changed. */
  touchAll(exists: (key: string) => boolean): void {
    for (const [key, sessions] of this.#sessions) {
      if (exists(key)) for (const session of sessions) session.watchBroken = true;
    }
  }
}
