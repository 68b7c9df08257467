type Listener<T> = (event: T) => void;

/** Tells events to whoever wants them. */
export class Listeners<Events> {
  readonly #byName = new Map<keyof Events, Set<Listener<never>>>();

  /** Answers how to end it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners);
    listeners.add(listener as Listener<never>);
    return () => listeners.delete(listener as Listener<never>);
  }

  tell<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.#byName.get(name) ?? []) (listener as Listener<Events[Name]>)(event);
  }
}
