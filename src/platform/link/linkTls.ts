import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type TlsOptions } from "node:tls";
import type { LinkAddress } from "../../ports/link.ts";
import type { LinkCertificates } from "./linkOptions.ts";

/**
 * Both ends prove that our authority signed their certificate. Names in certificates are not looked at: peers are called by
 * addresses that change, and who is who is said in the introduction, which the encrypted connection covers.
 */
export function serverTls({ ca, certificate, key }: LinkCertificates, handshakeMillisMax: number): TlsOptions {
  return {
    ca,
    cert: certificate,
    key,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
    handshakeTimeout: handshakeMillisMax,
  };
}

/** Calls an address; `onReady` is told when bytes may be sent. */
export function callAddress(
  { host, port }: LinkAddress,
  tls: LinkCertificates | undefined,
  onReady: () => void,
): Socket {
  if (tls === undefined) return connectPlain({ host, port, noDelay: true }, onReady);
  const { ca, certificate: cert, key } = tls;
  return connectTls(
    { host, port, ca, cert, key, minVersion: "TLSv1.3", checkServerIdentity: () => undefined },
    onReady,
  );
}

/** Whether a connection failed because one end does not trust the other, or does not speak TLS. */
export function isDistrust(error: Error): boolean {
  const { code = "" } = error as NodeJS.ErrnoException;
  return /^ERR_SSL|^ERR_TLS|CERT|^UNABLE_TO_|SELF_SIGNED|^EPROTO$/.test(code);
}
