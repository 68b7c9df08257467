import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";

/** How much is read from a socket at a time. When so much comes, there is more. */
export const SHARED_READ_BYTES = 64 * 1024;
const shared = Buffer.allocUnsafeSlow(SHARED_READ_BYTES);

/** Gets bytes that are in `bytes` up to `length` until it returns; then the next are written over them. */
export type Receiver = (bytes: Uint8Array, length: number) => void;

/** What Node does not document of its sockets. */
interface Inside {
  _handle?: { readonly useUserBuffer?: unknown } | null;
  _server?: unknown;
}

/**
 * Reads an accepted socket into one buffer that all share, from `resume()` on; answers the socket to use in its stead. Else Node
 * makes a buffer for every read, which costs up to a quarter of the whole CPU time of a small request.
 *
 * Node has this (`onread`) for sockets that one makes oneself, but no documented way to make one of an accepted connection: its
 * handle is moved to a new socket here. Where Node's inside is not what it was, the socket is read in the usual way. The server must
 * have been made with `pauseOnConnect`.
 */
export function readShared(accepted: Socket, receive: Receiver): Socket {
  const inside: Inside = accepted as unknown as Inside;
  const handle = inside._handle;
  if (typeof handle?.useUserBuffer !== "function") {
    accepted.on("data", (chunk) => receive(chunk, chunk.length));
    return accepted;
  }
  inside._handle = null;
  const onread = {
    buffer: shared,
    callback: (length: number) => {
      receive(shared, length);
      return true;
    },
  };
  const options: SocketConstructorOpts & ConnectOpts & { readonly handle: unknown } = {
    handle,
    onread,
    allowHalfOpen: accepted.allowHalfOpen,
  };
  const socket = new Socket(options).pause();
  // The server counts its connections by this.
  (socket as unknown as Inside)._server = inside._server;
  return socket;
}
