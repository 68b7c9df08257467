import type {
  BatchResult,
  Change,
  CompareAndSetOptions,
  DeleteOptions,
  Entry,
  GetOptions,
  IncrementOptions,
  Operation,
  OperationResult,
  PutOptions,
  ScanItem,
  ScanOptions,
  Version,
  Watching,
  WatchOptions,
  WatchPosition,
  WriteResult,
} from "./api.ts";
import { HoldfastClient } from "./client.ts";
import { connect } from "./connect.ts";
import { HoldfastError, type HoldfastErrorCode } from "./errors.ts";
import type { ClientEvents, ClientMetrics } from "./metrics.ts";
import type { CacheOptions, CallOptions, ConnectOptions, ReadConsistency } from "./options.ts";
import type { Bytes } from "./values.ts";

export type {
  BatchResult,
  Bytes,
  CacheOptions,
  CallOptions,
  Change,
  ClientEvents,
  ClientMetrics,
  CompareAndSetOptions,
  ConnectOptions,
  DeleteOptions,
  Entry,
  GetOptions,
  HoldfastErrorCode,
  IncrementOptions,
  Operation,
  OperationResult,
  PutOptions,
  ReadConsistency,
  ScanItem,
  ScanOptions,
  Version,
  Watching,
  WatchOptions,
  WatchPosition,
  WriteResult,
};
/** What the package gives to programs that import `holdfast`. */
export { connect, HoldfastClient, HoldfastError };
