/** A connection on which nothing came is asked for a sign of life, and is given up when there is none. */
const PING_AFTER_MILLIS = 2000;
const PING_MILLIS_MAX = 2000;

/** What is looked after. */
export interface Watched {
  /** When something came from there last (`performance.now()`). */
  heardAt(): number;
  /** Asks for something to come. */
  ping(): void;
  /** The other side is dead, or cannot be reached. */
  giveUp(): void;
}

/** Looks after a connection from now on; answers how to end that. */
export function watchLife(connection: Watched): () => void {
  let askedAt: number | undefined;
  const timer = setInterval(() => {
    const now = performance.now();
    if (askedAt !== undefined && connection.heardAt() < askedAt) {
      if (now - askedAt >= PING_MILLIS_MAX) connection.giveUp();
      return;
    }
    askedAt = undefined;
    if (now - connection.heardAt() < PING_AFTER_MILLIS) return;
    askedAt = now;
    connection.ping();
  }, PING_AFTER_MILLIS / 4);
  return () => clearInterval(timer);
}
