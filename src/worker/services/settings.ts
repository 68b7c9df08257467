import { Glob } from "../../base/glob.ts";
import type { Result } from "../../base/result.ts";
import type { Settings as SettingsOfCommands } from "../../core/command/nodeServices.ts";
import { SETTING_ALIASES, SETTINGS } from "./settingList.ts";
import type { SettingType } from "./settingTypes.ts";

const TYPES: ReadonlyMap<string, SettingType> = new Map(SETTINGS.map((type) => [type.name, type]));
/** Names and aliases, in order. */
const ALL_NAMES: readonly string[] = [...TYPES.keys(), ...Object.keys(SETTING_ALIASES)].sort();

/** The values of `CONFIG`. Values and names are byte strings, as clients gave them. */
export class Settings implements SettingsOfCommands {
  readonly #values = new Map<string, string>();
  readonly #configFile: string;
  readonly #onChange: () => void;

  /** `initial` overrides the defaults; `onChange` is told of every successful `set`; no `configFile` is the empty text. */
  constructor(initial: { readonly [name: string]: string }, configFile: string, onChange: () => void) {
    this.#configFile = configFile;
    this.#onChange = onChange;
    for (const { name, initial: value } of SETTINGS) this.#values.set(name, value);
    for (const [name, value] of Object.entries(initial)) this.#values.set(name, value);
  }

  /** A name that is no pattern comes back as it was written, as Redis does it. */
  matching(pattern: string): readonly (readonly [string, string])[] {
    if (!/[*?[]/.test(pattern)) {
      return TYPES.has(canonical(pattern)) ? [[pattern, this.text(canonical(pattern))]] : [];
    }
    const glob = new Glob(pattern, true);
    return ALL_NAMES.filter((name) => glob.all || glob.matches(name)).map((name) => [name, this.text(name)]);
  }

  set(changes: readonly (readonly [string, string])[]): string | undefined {
    const unknown = changes.find(([name]) => !TYPES.has(canonical(name)));
    if (unknown !== undefined) {
      return `ERR Unknown option or number of arguments for CONFIG SET - '${printable(unknown[0])}'`;
    }
    const parsed = new Map<string, string>();
    const seen = new Set<string>();
    for (const [given, value] of changes) {
      const name = canonical(given);
      const outcome = seen.has(given.toLowerCase()) ? DUPLICATE : TYPES.get(name)!.parse(value, this.text(name));
      if (!outcome.ok) {
        return `ERR CONFIG SET failed (possibly related to argument '${printable(given)}') - ${outcome.error}`;
      }
      seen.add(given.toLowerCase());
      parsed.set(name, outcome.value);
    }
    for (const [name, value] of parsed) this.#values.set(name, value);
    this.#onChange();
    return undefined;
  }

  text(name: string): string {
    return this.#values.get(SETTING_ALIASES[name] ?? name) ?? "";
  }

  integer(name: string): number {
    return Number(this.text(name));
  }

  /** Puts a fact in its place that is known only later, such as the port. */
  put(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** The configuration file holds what a person wrote; changes by `CONFIG SET` last as long as the process. */
  rewrite(): string {
    if (this.#configFile === "") return "ERR The server is running without a config file";
    return "ERR Rewriting config file: this server does not change its config file; edit it, and restart the server";
  }
}

const DUPLICATE: Result<string, string> = { ok: false, error: "duplicate parameter" };

function canonical(name: string): string {
  const lower = name.toLowerCase();
  return SETTING_ALIASES[lower] ?? lower;
}

function printable(name: string): string {
  const zero = name.indexOf("\0");
  return (zero === -1 ? name : name.slice(0, zero)).slice(0, 128);
}
