import { connect, type Socket } from "node:net";

/**
 * A socket to a server on this machine with as little work for each piece as can be: one buffer of `readBytes`, whose bytes come as
 * latin1. `onFailure` also hears of a server that closes.
 */
export function localSocket(
  port: number,
  readBytes: number,
  onText: (text: string) => void,
  onFailure: (error: Error) => void,
): Socket {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const socket = connect({
    port,
    host: "127.0.0.1",
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        onText(buffer.toString("latin1", 0, length));
        return true;
      },
    },
  });
  socket.on("error", onFailure);
  socket.on("close", () => onFailure(new Error(`port ${port}: the server closed the connection`)));
  return socket;
}
