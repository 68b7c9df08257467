/**
 * One directory of a disk. Names are plain file names (`a-z0-9.-`), and none ends in `.tmp`: such names belong to the
 * adapter. What the power takes: everything not yet covered by a `sync` of the file, and names not yet covered by
 * `syncDirectory`. It takes whole sectors: bytes that were synced stay as they are when others beside them are written.
 * All operations fail with a `DiskError`.
 */
export interface Disk {
  /** Names of the files, sorted. */
  list(): Promise<readonly string[]>;
  /** The whole file. Fails with `not_found`. */
  read(name: string): Promise<Uint8Array>;
  /**
   * Opens for reading and writing; fails with `not_found`. `create` makes a new, empty file and fails with `exists`.
   */
  open(name: string, options: { readonly create: boolean }): Promise<DiskFile>;
  /**
   * Makes or replaces the file as a whole: even if it fails or the power goes in the middle, there is either the old
   * content or the new, and when it is done, the new one under its name, for good.
   */
  replace(name: string, content: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes the names survive the power. After a failure nobody knows which of them do. */
  syncDirectory(): Promise<void>;
  /** Bytes that may still be written here. */
  freeBytes(): Promise<number>;
}

/** An open file. One call at a time, but `writeNow` and `read` may come while a `sync` is under way. */
export interface DiskFile {
  /** Bytes the file has, as far as writes have been acknowledged. */
  readonly length: number;
  /** Fills `into` from position `at`, and returns how many bytes there were: fewer only at the end of the file. */
  read(into: Uint8Array, at: number): Promise<number>;
  /**
   * Hands bytes to the operating system at position `at`, at most `length`, so that no hole comes into being; they
   * survive the process, not the power. The bytes must stay as they are until it is done. Fails with `disk_full`,
   * having written any shorter prefix.
   */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** The same, at once, on the caller's thread. */
  writeNow(bytes: Uint8Array, at: number): void;
  /**
   * Makes everything written before the call survive the power. After a failure nothing of this file may be trusted:
   * the bytes may be gone although they still can be read (Rebello et al., "Can Applications Recover from fsync
   * Failures?", ATC 2020).
   */
  sync(): Promise<void>;
  /** Cuts the file to `length` bytes, or extends it by zeros; survives the power after the next `sync`. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export type DiskErrorCode = "disk_full" | "io" | "not_found" | "exists" | "denied" | "too_many_files";

/** What a disk says no with. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: DiskErrorCode;
  readonly operation: string;
  readonly path: string;

  constructor(code: DiskErrorCode, operation: string, path: string, cause: unknown) {
    super(`${operation} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.code = code;
    this.operation = operation;
    this.path = path;
  }
}
