/**
 * Writes what the `.proto` files of the calls between workers say as an object of TypeScript (`npm run proto`): the program needs
 * no files beside its own, and no parser, to know its messages.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = ["proto/holdfast/internal/v1/worker.proto", "proto/grpc/health/v1/health.proto"];
export const DESCRIPTOR_PATH = `${ROOT}src/platform/rpc/workerProto.ts`;

/** The text of the file. */
export function descriptorText(): string {
  const root = new protobuf.Root();
  for (const source of SOURCES) protobuf.parse(readFileSync(`${ROOT}${source}`, "utf8"), root);
  root.resolveAll();
  const origin = `/** Made from ${SOURCES.join(" and ")} by \`npm run proto\`. */`;
  return `${origin}\nexport const WORKER_PROTO = ${literal(root.toJSON(), "")};\n`;
}

/** JSON as the formatter would leave it. */
function literal(value: unknown, indent: string): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[${value.map((each) => literal(each, inner)).join(", ")}]`;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const lines = entries.map(([key, each]) => `${inner}${name(key)}: ${literal(each, inner)},\n`);
  return `{\n${lines.join("")}${indent}}`;
}

function name(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DESCRIPTOR_PATH, descriptorText());
