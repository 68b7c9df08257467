import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LinkCertificates } from "../../src/platform/link/linkOptions.ts";

const run = promisify(execFile);
const NAMES = ["worker", "other"] as const;

export interface TestCertificates {
  of(name: (typeof NAMES)[number]): LinkCertificates;
}

let made: Promise<TestCertificates> | undefined;

/** Certificates of an authority made for this run (`worker`), and of another one (`other`). */
export function makeCertificates(): Promise<TestCertificates> {
  made ??= make();
  return made;
}

async function make(): Promise<TestCertificates> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-certificates-"));
  try {
    const all = new Map<string, LinkCertificates>();
    for (const name of NAMES) all.set(name, await makeOne(directory, name));
    return { of: (name) => all.get(name)! };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function makeOne(directory: string, name: string): Promise<LinkCertificates> {
  const file = (ending: string): string => join(directory, `${name}.${ending}`);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = ["-keyout", file("ca.key"), "-out", file("ca.pem"), "-days", "2", "-subj", `/CN=${name} authority`];
  await run("openssl", ["req", "-x509", ...newKey, ...authority]);
  await run("openssl", ["req", ...newKey, "-keyout", file("key"), "-out", file("csr"), "-subj", `/CN=${name}`]);
  await writeFile(file("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signer = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-extfile", file("ext")];
  await run("openssl", ["x509", "-req", "-in", file("csr"), ...signer, "-days", "2", "-out", file("pem")]);
  const [ca, certificate, key] = await Promise.all(
    ["ca.pem", "pem", "key"].map((ending) => readFile(file(ending), "utf8")),
  );
  return { ca: ca!, certificate: certificate!, key: key! };
}
