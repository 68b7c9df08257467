import { DiskError, type DiskErrorCode } from "../ports/disk.ts";

const codes: Readonly<Record<string, DiskErrorCode>> = {
  ENOSPC: "disk_full",
  EDQUOT: "disk_full",
  EFBIG: "disk_full",
  ENOENT: "not_found",
  EEXIST: "exists",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  EMFILE: "too_many_files",
  ENFILE: "too_many_files",
};

/** What Node says as a `DiskError`; whatever has no name of its own (`EIO` and the rest) is `io`. */
export function diskError(operation: string, path: string, cause: unknown): DiskError {
  const code = cause instanceof Error && "code" in cause ? codes[String(cause.code)] : undefined;
  return new DiskError(code ?? "io", operation, path, cause);
}

export type DiskCallback<T> = (error: Error | null, value?: T) => void;

/** A promise over a function of `node:fs` that takes a callback; rejects with a `DiskError`. */
export function diskCall<T = void>(
  operation: string,
  path: string,
  start: (done: DiskCallback<T>) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    start((error, value) => {
      if (error) reject(diskError(operation, path, error));
      else resolve(value as T);
    });
  });
}
