import type { Socket } from "node:net";

/** What Node does not document of its sockets: the libuv stream behind one, and the request that a write needs. */
interface Handle {
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Held until the system has taken it. */
  buffer?: Uint8Array;
  /** -1 for a request that waits for nothing. */
  getAsyncId(): number;
}

/** Node's class of write requests, once one of its own writes has shown it. */
let Request: (new () => WriteRequest) | undefined;
/** A request is used up only by a write that could not be done at once, which is rare. */
let spare: WriteRequest | undefined;
const UNUSED = -1;

/**
 * Writes short texts and messages to a socket without Node's stream in between, which takes more than a tenth of the whole CPU time of a small
 * request: its state, a request object, and a callback in `nextTick` for each write, although nearly every write is done at once.
 *
 * There is no documented way. What the handle cannot be given now, because the stream or the handle itself holds something back,
 * goes through the stream, and so does everything where Node's inside is not what it was; the order is kept either way.
 */
export class DirectWriter {
  readonly #socket: Socket;
  readonly #handle: Handle | undefined;
  readonly #onDrain: () => void;
  #pendingBytes = 0;

  /** `onDrain` is called when the system has taken what it had not taken at once; the stream has its own event for that. */
  constructor(socket: Socket, onDrain: () => void) {
    this.#socket = socket;
    this.#onDrain = onDrain;
    this.#handle = handleOf(socket);
    if (Request === undefined && this.#handle !== undefined) observeRequest(this.#handle);
  }

  /** Bytes that the system has not taken from the stream, or from here. */
  get unsentBytes(): number {
    return this.#socket.writableLength + this.#pendingBytes;
  }

  /** Writes a latin1 string to a socket that is not destroyed; false when it is to wait, or the socket has failed. */
  write(text: string): boolean {
    const handle = this.#free;
    if (handle === undefined || Request === undefined) return this.#socket.write(text, "latin1");
    spare ??= new Request();
    return this.#written(handle.writeLatin1String(spare, text), text.length);
  }

  /** The same with bytes, which nobody changes any more. */
  writeBytes(bytes: Uint8Array): boolean {
    const handle = this.#free;
    if (handle === undefined || Request === undefined) return this.#socket.write(bytes);
    spare ??= new Request();
    const request = spare;
    const isDone = this.#written(handle.writeBuffer(request, bytes), bytes.length);
    if (spare === undefined) request.buffer = bytes;
    return isDone;
  }

  /** The handle, unless something waits in front of it. */
  get #free(): Handle | undefined {
    const socket = this.#socket;
    if (this.#pendingBytes > 0 || socket.writableLength > 0 || socket.writableEnded) return undefined;
    return this.#handle;
  }

  /**
   * Of the write of `spare`: false if it is still to be done, or has failed. Only the request itself knows whether the write has used it:
   * the system may take in a second attempt what it had not taken in the first, and then nothing is queued although the request is
   * in use until `oncomplete`. Node ends the process when such a request is given to another write.
   */
  #written(error: number, bytes: number): boolean {
    const request = spare!;
    const isUsed = request.getAsyncId() !== UNUSED;
    if (isUsed) spare = undefined;
    if (error !== 0) {
      this.#socket.destroy();
      return false;
    }
    if (isUsed) this.#await(request, bytes);
    return !isUsed;
  }

  #await(request: WriteRequest, bytes: number): void {
    this.#pendingBytes = bytes;
    request.oncomplete = (status) => {
      this.#pendingBytes = 0;
      if (status !== 0) this.#socket.destroy();
      else if (!this.#socket.destroyed) this.#onDrain();
    };
  }
}

function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: Partial<Handle> | null };
  const { writeLatin1String, writeBuffer } = handle ?? {};
  const isKnown = typeof writeLatin1String === "function" && typeof writeBuffer === "function";
  return isKnown ? (handle as Handle) : undefined;
}

/** Looks at what Node gives the handle with the next piece that goes through the stream, unless it is not what it was. */
function observeRequest(handle: Handle): void {
  const { writeLatin1String, writeBuffer } = handle;
  const observe = (request: WriteRequest): void => {
    Object.assign(handle, { writeLatin1String, writeBuffer });
    if (typeof request.getAsyncId === "function") Request ??= request.constructor as new () => WriteRequest;
  };
  handle.writeLatin1String = (request, text) => {
    observe(request);
    return writeLatin1String.call(handle, request, text);
  };
  handle.writeBuffer = (request, bytes) => {
    observe(request);
    return writeBuffer.call(handle, request, bytes);
  };
}
