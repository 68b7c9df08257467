import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { err, ok, type Result } from "../base/result.ts";

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

/** A number of bytes as Redis's configuration writes it: `64mb`, `1gb`, `1048576`. */
const bytes = z.union([z.number().int().nonnegative(), z.string()]).transform((value, context) => {
  if (typeof value === "number") return value;
  const match = /^(\d+)\s*([a-z]*)$/i.exec(value.trim());
  const unit = match === null ? undefined : UNITS[match[2]!.toLowerCase()];
  if (match === null || unit === undefined) {
    context.addIssue({ code: "custom", message: "must be a number of bytes such as 64mb, 1gb or 1048576" });
    return z.NEVER;
  }
  return Number(match[1]) * unit;
});

const port = z.coerce
  .number("must be a port number from 0 to 65535")
  .int("must be a port number from 0 to 65535")
  .min(0, "must be a port number from 0 to 65535")
  .max(65_535, "must be a port number from 0 to 65535");

const yesNo = z.union([z.boolean(), z.enum(["yes", "no", "true", "false"], "must be yes or no")]).transform((value) => {
  return value === true || value === "yes" || value === "true";
});

const schema = z.strictObject({
  port: port.default(6379),
  bind: z.string().min(1, "must be an address such as 127.0.0.1").default("127.0.0.1"),
  data: z.string().min(1, "must be a directory").default("./holdfast-data"),
  durability: z.enum(["sync", "memory"], "must be sync or memory").default("sync"),
  "http-port": port.default(8600),
  memory: bytes.default(defaultMemory()),
  maxclients: z.coerce.number("must be a number from 1 to 1000000").int().min(1).max(1_000_000).default(10_000),
  requirepass: z.string().default(""),
  "protected-mode": yesNo.default(true),
  "enable-debug-command": yesNo.default(false),
});

/** Half of the machine's memory, and no more than the slab can address. */
function defaultMemory(): number {
  return Math.min(Math.floor(totalmem() / 2), 12 * 1024 * MEBIBYTE);
}

export type Config = z.infer<typeof schema>;
export type SettingName = keyof Config;
export const SETTING_NAMES = Object.keys(schema.shape) as SettingName[];

/** What was said about settings, by name; undefined where nothing was said. */
export type RawSettings = { readonly [name: string]: unknown };

/** Puts together what flags, the environment (`HOLDFAST_HTTP_PORT`), a file (YAML or JSON) and the defaults say, in this order. */
export function readConfig(
  flags: RawSettings,
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
): Result<Config, string> {
  const fromFile = file === undefined ? ok({}) : readFile(file);
  if (!fromFile.ok) return fromFile;
  const fromEnvironment: { [name: string]: unknown } = {};
  for (const name of SETTING_NAMES) {
    const value = environment[environmentName(name)];
    if (value !== undefined) fromEnvironment[name] = value;
  }
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const raw: RawSettings = { ...fromFile.value, ...fromEnvironment, ...given };
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
    return `${file} has settings that Holdfast does not know: ${issue.keys.join(", ")}. It knows ${SETTING_NAMES.join(", ")}.`;
  }
  const name = String(issue.path[0]);
  return `${source(name)} is ${JSON.stringify(raw[name])}: it ${issue.message.startsWith("must") ? issue.message : `is refused (${issue.message})`}.`;
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
  try {
    const value: unknown = parseYaml(text) ?? {};
    if (typeof value !== "object" || Array.isArray(value))
      return err(`${file} must be a list of settings, one "name: value" a line`);
    return ok(value as RawSettings);
  } catch (error) {
    return err(`${file} is neither YAML nor JSON: ${(error as Error).message}`);
  }
}
