import { readFileSync } from "node:fs";
import { err, ok, type Result } from "../../base/result.ts";
import type { LinkCertificates } from "../../platform/link/linkOptions.ts";

/** The files that make links and calls between workers TLS with certificates on both sides. */
export interface CertificateFiles {
  readonly "tls-ca"?: string | undefined;
  readonly "tls-cert"?: string | undefined;
  readonly "tls-key"?: string | undefined;
}

/** Reads the files; nothing if none is named, a sentence if only some are or one cannot be read. */
export function readCertificates(files: CertificateFiles): Result<LinkCertificates | undefined, string> {
  const names = ["tls-ca", "tls-cert", "tls-key"] as const;
  const missing = names.filter((name) => files[name] === undefined);
  if (missing.length === names.length) return ok(undefined);
  if (missing.length > 0) return err(`TLS needs all of --tls-ca, --tls-cert and --tls-key; --${missing[0]} is missing`);
  const texts: string[] = [];
  for (const name of names) {
    try {
      texts.push(readFileSync(files[name]!, "utf8"));
    } catch (error) {
      return err(`--${name}: ${files[name]} cannot be read: ${(error as Error).message}`);
    }
  }
  const [ca, certificate, key] = texts as [string, string, string];
  return ok({ ca, certificate, key });
}
