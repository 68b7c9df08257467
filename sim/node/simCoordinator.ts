import type { Prng } from "../../src/base/prng.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { Coordinator, CoordinatorError, Znode } from "../../src/ports/coordinator.ts";

export interface SimCoordinatorOptions {
  readonly prng: Prng;
  /** Runs the end of an operation later, or never if the process is dead by then. */
  readonly schedule: (run: () => void) => void;
}

/** A coordinator that outlives the processes. A change may have happened although the one who asked died before the answer. */
export class SimCoordinator {
  readonly #znodes = new Map<string, Znode>();

  /** The coordinator as one process sees it. */
  connect(options: SimCoordinatorOptions): Coordinator {
    const later = <T>(effect: () => T): Promise<T> => this.#later(options, effect);
    return {
      get: (path) => later(() => this.#znodes.get(path)),
      create: (path, data) => later(() => this.#create(path, data)),
      replace: (path, data, version) => later(() => this.#replace(path, data, version)),
    };
  }

  #create(path: string, data: string): Result<void, CoordinatorError> {
    if (this.#znodes.has(path)) return err({ code: "exists" });
    this.#znodes.set(path, { data, version: 0 });
    return ok(undefined);
  }

  #replace(path: string, data: string, version: number): Result<number, CoordinatorError> {
    const znode = this.#znodes.get(path);
    if (znode === undefined) return err({ code: "no_node" });
    if (znode.version !== version) return err({ code: "bad_version" });
    this.#znodes.set(path, { data, version: version + 1 });
    return ok(version + 1);
  }

  #later<T>({ prng, schedule }: SimCoordinatorOptions, effect: () => T): Promise<T> {
    return new Promise((resolve) => {
      // The effect comes with the request or with the answer.
      if (prng.chance(1, 2)) {
        schedule(() => resolve(effect()));
        return;
      }
      const result = effect();
      schedule(() => resolve(result));
    });
  }
}
