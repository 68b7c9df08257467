import { DiskError, type DiskErrorCode } from "../../src/ports/disk.ts";

export function simError(code: DiskErrorCode, operation: string, name: string): DiskError {
  return new DiskError(code, operation, name, "simulated");
}

/** What a dead process waits for. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}
