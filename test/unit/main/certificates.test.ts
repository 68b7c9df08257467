import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readCertificates } from "../../../src/main/group/certificates.ts";

describe("certificates of the workers", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-certificates-"));
  const file = (name: string): string => {
    writeFileSync(join(folder, name), `the ${name}`);
    return join(folder, name);
  };
  after(() => rmSync(folder, { recursive: true }));

  it("are none when none is named", () => {
    assert.deepEqual(readCertificates({}), { ok: true, value: undefined });
  });

  it("are read when all three are", () => {
    const read = readCertificates({ "tls-ca": file("ca"), "tls-cert": file("cert"), "tls-key": file("key") });
    assert.deepEqual(read, { ok: true, value: { ca: "the ca", certificate: "the cert", key: "the key" } });
  });

  it("are refused when one is missing or cannot be read, by its name", () => {
    const half = readCertificates({ "tls-ca": file("ca"), "tls-key": file("key") });
    assert.match(half.ok ? "" : half.error, /--tls-cert is missing/);
    const lost = readCertificates({ "tls-ca": file("ca"), "tls-cert": join(folder, "no"), "tls-key": file("key") });
    assert.match(lost.ok ? "" : lost.error, /^--tls-cert: .*no cannot be read/);
  });
});
