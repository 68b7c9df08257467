/**
 * Writes what the `.proto` files of our calls say as objects of TypeScript (`npm run proto`): the program needs no files beside its
 * own, and no parser, to know its messages.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { DESCRIPTOR_FILES_PATH, descriptorFilesText } from "./protoFiles.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Leaves room for the name before it. */
const FLAT_CHARACTERS_MAX = 80;

interface Descriptor {
  readonly sources: readonly string[];
  /** The file that is written, and what is in it. */
  readonly path: string;
  readonly constant: string;
}

export const DESCRIPTORS: readonly Descriptor[] = [
  {
    sources: ["proto/holdfast/internal/v1/worker.proto", "proto/grpc/health/v1/health.proto"],
    path: `${ROOT}src/proto/workerProto.ts`,
    constant: "WORKER_PROTO",
  },
  {
    sources: ["proto/holdfast/v1/cluster.proto"],
    path: `${ROOT}src/proto/clusterProto.ts`,
    constant: "CLUSTER_PROTO",
  },
  {
    sources: ["proto/holdfast/v1/kv.proto"],
    path: `${ROOT}src/proto/kvProto.ts`,
    constant: "KV_PROTO",
  },
];

/** The text of the file. */
export function descriptorText({ sources, constant }: Descriptor): string {
  const root = new protobuf.Root();
  for (const source of sources) protobuf.parse(readFileSync(`${ROOT}${source}`, "utf8"), root);
  root.resolveAll();
  const origin = `/** Made from ${sources.join(" and ")} by \`npm run proto\`. */`;
  return `${origin}\nexport const ${constant} = ${literal(root.toJSON(), "")};\n`;
}

/** JSON as the formatter would leave it; an object without others in it on a line of its own. */
function literal(value: unknown, indent: string): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((each) => literal(each, inner));
    const line = `[${items.join(", ")}]`;
    return line.length <= FLAT_CHARACTERS_MAX
      ? line
      : `[\n${items.map((item) => `${inner}${item},\n`).join("")}${indent}]`;
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  if (entries.length === 0) return "{}";
  const parts = entries.map(([key, each]) => `${name(key)}: ${literal(each, inner)}`);
  const isFlat = entries.every(([, each]) => typeof each !== "object" || Array.isArray(each));
  const line = `{ ${parts.join(", ")} }`;
  if (isFlat && indent.length + line.length <= FLAT_CHARACTERS_MAX) return line;
  return `{\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}}`;
}

function name(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const descriptor of DESCRIPTORS) writeFileSync(descriptor.path, descriptorText(descriptor));
  writeFileSync(DESCRIPTOR_FILES_PATH, descriptorFilesText());
}
