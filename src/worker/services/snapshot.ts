/** A node in numbers: what `INFO` and `/metrics` have in common. Counters count since the start, or the last `CONFIG RESETSTAT`. */
export interface Snapshot {
  readonly uptimeMillis: number;
  /** Connections of Redis clients, and streams of gRPC clients. */
  readonly clients: number;
  readonly streams: number;
  readonly blockedClients: number;
  readonly connectionsAccepted: number;
  readonly connectionsRejected: number;
  readonly commands: number;
  readonly commandsPerSecond: number;
  readonly errorReplies: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receivedBytesPerSecond: number;
  readonly sentBytesPerSecond: number;
  /** The fullest buffers of any client at present. */
  readonly inputBytesMax: number;
  readonly outputBytesMax: number;
  /** Bytes in all clients' buffers. */
  readonly clientBytes: number;
  readonly keys: number;
  readonly expiringKeys: number;
  readonly coldKeys: number;
  readonly expiredKeys: number;
  readonly hits: number;
  readonly misses: number;
  readonly loadedValues: number;
  readonly evictedValues: number;
  readonly memoryBytes: number;
  readonly memoryBytesPeak: number;
  readonly memoryBytesMax: number;
  readonly logBytes: number;
  readonly lastFlushAtMillis: number;
}

/** What the front door tells of its connections. */
export interface ClientFront {
  readonly connections: { readonly size: number };
  accepted: number;
  rejected: number;
  /** Bytes over all connections, those that are closed included. */
  traffic(): { readonly receivedBytes: number; readonly sentBytes: number };
}
