/** The messages of kv.proto and cluster.proto as they are decoded; what is only sent is built where it is needed. */

export interface TopologyMessage {
  readonly cluster: string;
  readonly slotsVersion: number;
  readonly groups: readonly GroupMessage[];
  readonly masters: readonly { readonly rpc: string }[];
}

export interface GroupMessage {
  readonly name: string;
  readonly slots: readonly { readonly from: number; readonly to: number }[];
  readonly epoch: number;
  readonly workers: readonly WorkerMessage[];
}

interface WorkerMessage {
  readonly id: string;
  readonly role: string;
  readonly redis: string;
  readonly rpc: string;
  readonly present: boolean;
}

export interface GetReplyMessage {
  readonly found: boolean;
  readonly value: Buffer;
  readonly version: Buffer;
  readonly ttlMillis?: number | undefined;
  readonly position: Buffer;
  /** Makes something of the value where it lies, without a view of it; not every reply can. */
  give?<V>(make: (message: Buffer, start: number, end: number) => V): V;
}

export interface PutReplyMessage {
  readonly applied: boolean;
  readonly version: Buffer;
  readonly previous?: Buffer | undefined;
  /** The version as programs are given it, without a view of its bytes; not every reply has it. */
  readonly versionText?: string | undefined;
}

interface DeleteReplyMessage {
  readonly deleted: boolean;
  readonly version: Buffer;
  readonly previous?: Buffer;
}

interface CompareAndSetReplyMessage {
  readonly applied: boolean;
  readonly version: Buffer;
  readonly current?: Buffer;
}

interface IncrementReplyMessage {
  readonly value: number | bigint;
  readonly version: Buffer;
}

/** One of them. */
export interface ResultMessage {
  readonly get?: GetReplyMessage;
  readonly put?: PutReplyMessage;
  readonly delete?: DeleteReplyMessage;
  readonly compareAndSet?: CompareAndSetReplyMessage;
  readonly increment?: IncrementReplyMessage;
}

interface BatchReplyMessage {
  readonly applied: boolean;
  readonly results: readonly ResultMessage[];
  readonly position: Buffer;
}

export interface ScanItemMessage {
  readonly key: Buffer;
  readonly type: string;
  readonly value: Buffer;
  readonly version: Buffer;
  readonly ttlMillis?: number;
}

export interface ScanReplyMessage {
  readonly items: readonly ScanItemMessage[];
  readonly nextCursor: Buffer;
  readonly owner: string;
  readonly nextSlot: number;
  readonly position: Buffer;
}

export interface ErrorDetailMessage {
  readonly reason: string;
  readonly field: string;
  readonly address: string;
  readonly retryAfterMillis: number;
  readonly slot?: number;
}

export interface ErrorMessage {
  readonly code: number;
  readonly message: string;
  readonly detail?: ErrorDetailMessage;
}

/** One of them. */
export interface AnswerMessage {
  readonly id: number;
  readonly error?: ErrorMessage;
  readonly get?: GetReplyMessage;
  readonly put?: PutReplyMessage;
  readonly delete?: DeleteReplyMessage;
  readonly compareAndSet?: CompareAndSetReplyMessage;
  readonly increment?: IncrementReplyMessage;
  readonly batch?: BatchReplyMessage;
  readonly scan?: ScanReplyMessage;
}

export interface ChangeMessage {
  readonly kind: string;
  readonly key: Buffer;
  readonly type: string;
  readonly value: Buffer;
  readonly version: Buffer;
  readonly expiresAtMillis?: number;
  readonly previous?: Buffer;
  readonly previousUnknown: boolean;
  readonly valueUnknown: boolean;
}

export interface WatchReplyMessage {
  readonly changes: readonly ChangeMessage[];
  readonly position: Buffer;
  readonly slotsLost: readonly number[];
  readonly slotsGained: readonly number[];
}

export interface OpenSessionReplyMessage {
  readonly session: Buffer;
  readonly ttlMillis: number;
}

/** Which of a session's writes it is; see kv.proto. */
export interface OnceMessage {
  readonly session: Uint8Array;
  readonly number: number;
  readonly firstOpen: number;
}

/** `GetRequest`. */
export interface GetMessage {
  readonly key: string | Uint8Array;
  readonly consistency?: "CONSISTENCY_EVENTUAL" | undefined;
  readonly atLeast?: Uint8Array | undefined;
}

/** `PutRequest`. */
export interface PutMessage {
  readonly key: string | Uint8Array;
  readonly value: string | Uint8Array;
  readonly ttlMillis?: number | undefined;
  readonly ifAbsent?: boolean | undefined;
  readonly ifVersion?: Uint8Array | undefined;
  readonly keepTtl?: boolean | undefined;
  readonly returnPrevious?: boolean | undefined;
  once?: OnceMessage | undefined;
}

/** What a call sends. Writes are given their `once` when they are about to be sent. */
export type CallMessage = object & { once?: OnceMessage | undefined };

/** What is asked in one call of the stream; the wire's names. */
export type CallKind = "get" | "put" | "delete" | "compareAndSet" | "increment" | "batch" | "scan";
