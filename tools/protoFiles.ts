/**
 * Writes the public `.proto` files as the bytes that servers tell by reflection (`npm run proto`): a `FileDescriptorProto` each.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = ["holdfast/v1/kv.proto", "holdfast/v1/cluster.proto", "grpc/health/v1/health.proto"];
const LINE_CHARACTERS = 100;
/** Leaves room for what is around it. */
const LIST_CHARACTERS_MAX = 100;

export const DESCRIPTOR_FILES_PATH = `${ROOT}src/gateway/grpc/descriptorFiles.ts`;

/** As the extension of the library gives it, which has no types of its own. */
interface DescriptorSet {
  readonly file: { name: string }[];
}
interface DescriptorType {
  encode(message: object): { finish(): Uint8Array };
}

/** The text of the file. */
export function descriptorFilesText(): string {
  const extension = createRequire(import.meta.url)("protobufjs/ext/descriptor") as {
    readonly FileDescriptorProto: DescriptorType;
  };
  const entries = SOURCES.map((name) => {
    const root = new protobuf.Root();
    protobuf.parse(readFileSync(`${ROOT}proto/${name}`, "utf8"), root, { keepCase: true });
    root.resolveAll();
    const { file } = (root as unknown as { toDescriptor(edition: string): DescriptorSet }).toDescriptor("proto3");
    const [own] = file.filter((each) => "messageType" in each);
    if (own === undefined) throw new Error(`${name} has no messages`);
    own.name = name;
    const bytes = extension.FileDescriptorProto.encode(own).finish();
    return entryText(name, root, Buffer.from(bytes).toString("base64"));
  });
  const origin = `/** Made from ${SOURCES.map((name) => `proto/${name}`).join(", ")} by \`npm run proto\`. */`;
  return `${origin}\nexport const DESCRIPTOR_FILES: readonly DescriptorFile[] = [\n${entries.join("")}];\n\nexport interface DescriptorFile {\n  readonly name: string;\n  readonly services: readonly string[];\n  readonly symbols: readonly string[];\n  /** A \`FileDescriptorProto\`. */\n  readonly base64: string;\n}\n`;
}

function entryText(name: string, root: protobuf.Root, base64: string): string {
  const services: string[] = [];
  const symbols: string[] = [];
  const visit = (space: protobuf.NamespaceBase): void => {
    for (const each of space.nestedArray) {
      const full = each.fullName.slice(1);
      if (each instanceof protobuf.Service) services.push(full);
      else if (each instanceof protobuf.Type || each instanceof protobuf.Enum) symbols.push(full);
      else if (each instanceof protobuf.Namespace) visit(each);
    }
  };
  visit(root);
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += LINE_CHARACTERS) lines.push(`"${base64.slice(at, at + LINE_CHARACTERS)}"`);
  const list = (texts: readonly string[]): string =>
    texts.join('", "').length <= LIST_CHARACTERS_MAX
      ? `["${texts.join('", "')}"]`
      : `[\n${texts.map((text) => `      "${text}",\n`).join("")}    ]`;
  return `  {\n    name: "${name}",\n    services: ${list(services)},\n    symbols: ${list(symbols)},\n    base64:\n      ${lines.join(" +\n      ")},\n  },\n`;
}
