import type { DiskError, DiskErrorCode } from "../../ports/disk.ts";

/**
 * Why a log cannot be opened or read. `damaged`: bytes that were on disk are no longer what was written; `hole`: a
 * part of the log is missing; `foreign`: the log of another node; `newer_format`: written by a later version; `disk`:
 * the disk itself said no, see `diskCode`. Nothing was changed on disk in the first four cases.
 */
export type LogErrorCode = "damaged" | "hole" | "foreign" | "newer_format" | "disk";

export interface LogError {
  readonly code: LogErrorCode;
  /** Name of the file inside the directory of the log. */
  readonly file: string;
  /** Byte of the file at which it shows. */
  readonly at: number;
  /** A sentence for the operator. */
  readonly message: string;
  readonly diskCode?: DiskErrorCode;
}

export function logError(code: LogErrorCode, file: string, at: number, message: string): LogError {
  return { code, file, at, message: `${file} at byte ${at}: ${message}` };
}

export function diskLogError(error: DiskError): LogError {
  return { code: "disk", diskCode: error.code, file: error.path, at: 0, message: error.message };
}

/**
 * `disk_full`, `too_many_files`: the record is not in the log and will never be; try again when there is room.
 * `poisoned`: nobody knows what is on disk, the process must end. `closed`: the log was closed.
 */
export type LogWriteErrorCode = "disk_full" | "too_many_files" | "poisoned" | "closed";

/** What a write, a sync or a cut of an open log fails with. */
export class LogWriteError extends Error {
  override readonly name = "LogWriteError";
  readonly code: LogWriteErrorCode;

  constructor(code: LogWriteErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
