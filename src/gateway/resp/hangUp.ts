import type { Socket } from "node:net";

/** What was written must be taken within this time. */
const UNSENT_MILLIS_MAX = 60_000;
/** After that the client has so long to close its own side. */
const LINGER_MILLIS = 1_000;

/**
 * Ends a connection so that the other side hears what was written to it. A socket that is closed while there are bytes in it that
 * nobody has read resets the connection, and the client may lose the last words; so what still comes is read and thrown
 * away until the client has closed, too. `onSent` is called when everything is on its way.
 */
export function hangUp(socket: Socket, onSent: () => void = () => undefined): void {
  const destroy = () => {
    socket.destroy();
  };
  let deadline = setTimeout(destroy, UNSENT_MILLIS_MAX);
  socket.once("close", () => clearTimeout(deadline));
  socket.resume();
  socket.end(() => {
    clearTimeout(deadline);
    if (socket.destroyed) return;
    deadline = setTimeout(destroy, LINGER_MILLIS);
    onSent();
  });
}
