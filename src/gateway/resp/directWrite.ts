import type { Socket } from "node:net";

/** What Node does not document of its sockets: the libuv stream behind one, and the request that a write needs. */
interface Handle {
  writeLatin1String(request: WriteRequest, text: string): number;
  /** Bytes that the system has not taken yet. */
  readonly writeQueueSize: number;
}

interface WriteRequest {
  oncomplete?: (status: number) => void;
}

/** Node's class of write requests, once one of its own writes has shown it. */
let Request: (new () => WriteRequest) | undefined;
/** A request is used up only by a write that could not be done at once, which is rare. */
let spare: WriteRequest | undefined;

/**
 * Writes short texts to a socket without Node's stream in between, which takes more than a tenth of the whole CPU time of a small
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
    const socket = this.#socket;
    const handle = this.#handle;
    const isQueued = this.#pendingBytes > 0 || socket.writableLength > 0 || socket.writableEnded;
    if (isQueued || handle === undefined || Request === undefined) return socket.write(text, "latin1");
    spare ??= new Request();
    if (handle.writeLatin1String(spare, text) !== 0) {
      socket.destroy();
      return false;
    }
    if (handle.writeQueueSize === 0) return true;
    this.#await(spare, text.length);
    spare = undefined;
    return false;
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
  if (typeof handle?.writeLatin1String !== "function" || typeof handle.writeQueueSize !== "number") return undefined;
  return handle as Handle;
}

/** Looks at what Node gives the handle with the next string that goes through the stream. */
function observeRequest(handle: Handle): void {
  const write = handle.writeLatin1String;
  handle.writeLatin1String = (request, text) => {
    handle.writeLatin1String = write;
    if (Request === undefined) Request = request.constructor as new () => WriteRequest;
    return write.call(handle, request, text);
  };
}
