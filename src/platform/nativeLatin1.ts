import { installLatin1Codec } from "../base/latin1.ts";

/** Puts Node's conversions between bytes and latin1 strings in place of the portable ones. */
export function installNativeLatin1(): void {
  const { latin1Slice, latin1Write } = Buffer.prototype;
  installLatin1Codec({
    decode: (bytes, start, end) => latin1Slice.call(bytes as Buffer, start, end),
    encode: (text, bytes, at) => {
      latin1Write.call(bytes as Buffer, text, at, text.length);
    },
  });
}
