import crypto from "node:crypto";

/** Where chance and time come from in Node; a world that touches one of them cannot be run again. */
const FORBIDDEN: readonly (readonly [object, string])[] = [
  [globalThis, "Date"],
  [globalThis, "setTimeout"],
  [globalThis, "setInterval"],
  [globalThis, "setImmediate"],
  [globalThis, "WeakRef"],
  [Math, "random"],
  [performance, "now"],
  [process, "hrtime"],
  [process, "nextTick"],
  [crypto, "randomBytes"],
  [crypto, "randomFillSync"],
  [crypto, "randomUUID"],
  [crypto.webcrypto, "getRandomValues"],
];

/** Runs something synchronous while everything that is not from the seed throws. */
export function withoutTheRealWorld<T>(run: () => T): T {
  const saved = FORBIDDEN.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name));
  for (const [owner, name] of FORBIDDEN) {
    const refuse = (): never => {
      throw new Error(`${name} is used inside the simulation`);
    };
    Object.defineProperty(owner, name, { value: refuse, configurable: true, writable: true });
  }
  try {
    return run();
  } finally {
    for (const [i, [owner, name]] of FORBIDDEN.entries()) {
      const descriptor = saved[i];
      if (descriptor === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, descriptor);
    }
  }
}
