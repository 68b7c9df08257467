import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { totalmem } from "node:os";
import * as z from "zod";
import { isName, NAME_RULE } from "../base/names.ts";
import { err, ok, type Result } from "../base/result.ts";
import { MEMORY_MAX, MEMORY_MIN } from "../worker/services/memoryLimit.ts";

/** Where masters answer calls unless they are told otherwise. */
export const MASTER_RPC_PORT = 7300;
const MEBIBYTE = 1 << 20;
const UNITS: { readonly [unit: string]: number } = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1_000_000,
  mb: MEBIBYTE,
  g: 1_000_000_000,
  gb: 1024 * MEBIBYTE,
};

const MEMORY_MESSAGE = "must be a number of bytes from 16mb to 12gb, such as 64mb, 1gb or 268435456";

/** A number of bytes as Redis's configuration writes it: `64mb`, `1gb`, `268435456`. */
const memory = z.union([z.number(), z.string()], MEMORY_MESSAGE).transform((value, context) => {
  const bytes = typeof value === "number" ? value : parseBytes(value);
  if (bytes !== undefined && Number.isInteger(bytes) && bytes >= MEMORY_MIN && bytes <= MEMORY_MAX) return bytes;
  context.addIssue({ code: "custom", message: MEMORY_MESSAGE });
  return z.NEVER;
});

function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,15})\s*([a-z]*)$/i.exec(text.trim());
  const unit = match === null ? undefined : UNITS[match[2]!.toLowerCase()];
  return unit === undefined ? undefined : Number(match![1]) * unit;
}

function whole(min: number, max: number, message: string) {
  return z.union([z.number(), z.string()], message).transform((value, context) => {
    const number = typeof value === "number" ? value : /^\d{1,15}$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

function text(message: string) {
  return z.string(message).min(1, message);
}

const name = z.string(NAME_RULE).refine(isName, NAME_RULE);

const port = whole(0, 65_535, "must be a port number from 0 to 65535");

const yesNo = z
  .union([z.boolean(), z.enum(["yes", "no", "true", "false"])], "must be yes or no")
  .transform((value) => value === true || value === "yes" || value === "true");

const schema = z.strictObject({
  port: port.default(6379),
  bind: text("must be an address such as 127.0.0.1").default("127.0.0.1"),
  data: text("must be a directory").default("./holdfast-data"),
  durability: z.enum(["sync", "memory"], "must be sync or memory").default("sync"),
  "http-port": port.default(8600),
  /** Of the API, for a node that is alone; a worker of a cluster has it at its `rpc-port`. */
  "grpc-port": port.default(0),
  memory: memory.default(defaultMemory()),
  maxclients: whole(1, 1_000_000, "must be a number from 1 to 1000000").default(10_000),
  requirepass: z.string("must be a text; put it in quotes").default(""),
  "protected-mode": yesNo.default(true),
  "enable-debug-command": yesNo.default(false),
  zookeeper: text("must be ZooKeeper servers such as h1:2181,h2:2181,h3:2181/holdfast").optional(),
  "zookeeper-auth": text("must be user:password").optional(),
  group: name.default("g1"),
  id: name.optional(),
  advertise: text("must be an address that the others reach").optional(),
  "rpc-port": port.default(0),
  "tls-ca": text("must be a file in PEM form").optional(),
  "tls-cert": text("must be a file in PEM form").optional(),
  "tls-key": text("must be a file in PEM form").optional(),
  "link-port": port.default(0),
  "with-master": yesNo.default(false),
  "master-rpc-port": port.default(MASTER_RPC_PORT),
  "master-http-port": port.default(0),
  /** Left out: yes, but for the replicas of a group in ZooKeeper, whose clients are told where to go. */
  proxy: yesNo.optional(),
  scatter: yesNo.default(false),
  "replica-reads": z.enum(["linearizable", "eventual"], "must be linearizable or eventual").default("linearizable"),
});

/** Half of the machine's memory. */
function defaultMemory(): number {
  return Math.max(MEMORY_MIN, Math.min(Math.floor(totalmem() / 2), MEMORY_MAX));
}

export type Config = z.infer<typeof schema>;
export type SettingName = keyof Config;
export const SETTING_NAMES = Object.keys(schema.shape) as SettingName[];

/** What was said about settings, by name; undefined where nothing was said. */
export type RawSettings = { readonly [name: string]: unknown };

/**
 * Puts together what flags, the environment (`HOLDFAST_HTTP_PORT`), a file (YAML or JSON) and the defaults say, in this order. `own`
 * are defaults in place of those of a worker.
 */
export function readConfig(
  flags: RawSettings,
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
  own: RawSettings = {},
): Result<Config, string> {
  const fromFile = file === undefined ? ok({}) : readFile(file);
  if (!fromFile.ok) return fromFile;
  const fromEnvironment: { [name: string]: unknown } = {};
  for (const name of SETTING_NAMES) {
    const value = environment[environmentName(name)];
    if (value !== undefined) fromEnvironment[name] = value;
  }
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const raw: RawSettings = { ...own, ...fromFile.value, ...fromEnvironment, ...given };
  const parsed = schema.safeParse(raw);
  if (parsed.success) return ok(parsed.data);
  const source = (name: string): string => {
    if (name in given) return `--${name}`;
    if (name in fromEnvironment) return environmentName(name);
    return `${name} in ${file}`;
  };
  return err(parsed.error.issues.map((issue) => describe(issue, raw, source, file)).join("\n"));
}

function describe(
  issue: z.core.$ZodIssue,
  raw: RawSettings,
  source: (name: string) => string,
  file: string | undefined,
): string {
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.join(", ");
    return `${file ?? "the call"} has settings that Holdfast does not know: ${names}. It knows ${SETTING_NAMES.join(", ")}.`;
  }
  const name = String(issue.path[0]);
  // A password belongs into no log, not even a wrong one.
  const value = name === "requirepass" ? "of another type" : JSON.stringify(raw[name]);
  return `${source(name)} is ${value}: it ${issue.message}.`;
}

export function environmentName(name: string): string {
  return `HOLDFAST_${name.toUpperCase().replaceAll("-", "_")}`;
}

function readFile(file: string): Result<RawSettings, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return err(`the configuration file ${file} cannot be read: ${(error as Error).message}`);
  }
  // Most nodes have no file, and the parser takes 9 MB of memory.
  const yaml = createRequire(import.meta.url)("yaml") as typeof import("yaml");
  try {
    const value: unknown = yaml.parse(text) ?? {};
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return err(`${file} must be a list of settings, one "name: value" a line`);
    return ok(value as RawSettings);
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0]!.replace(/:$/, "");
    return err(`${file} is neither YAML nor JSON: ${reason}`);
  }
}
