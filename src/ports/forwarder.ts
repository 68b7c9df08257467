/** Connections to the Redis ports of other nodes, on which requests of this node's clients are executed there. */
export interface ForwardNetwork {
  /** Begins to connect to `address` (`host:port`); nonsense cannot be connected to. No handler is called before this returns. */
  dial(address: string, handler: ForwardHandler): ForwardWire;
}

/** One connection: bytes in order, until it ends once and for all. */
export interface ForwardWire {
  /** Bytes that were sent and that the operating system has not taken yet. */
  readonly unsentBytes: number;
  /** Sends bytes that never change after the call. To be called only after `onOpen`, and is nothing once it has ended. */
  send(bytes: Uint8Array): void;
  /** Ends it at once. No handler is called after the call. */
  close(): void;
}

export interface ForwardHandler {
  onOpen(): void;
  /** `bytes` up to `length` hold what came, until this returns. */
  onBytes(bytes: Uint8Array, length: number): void;
  /** The operating system has taken all that was sent, after more than a little of it had to wait. */
  onDrain(): void;
  /** It could not be made, or has ended; told once. What was sent may or may not have arrived. */
  onClosed(reason: string): void;
}
