/** What `INFO` tells, one section each: names and values, in order. */
export type InfoSections = ReadonlyMap<string, () => readonly (readonly [string, string | number])[]>;

const TITLES: { readonly [section: string]: string } = { cpu: "CPU" };
/** Redis leaves these out unless asked. */
const NOT_DEFAULT: ReadonlySet<string> = new Set(["commandstats", "latencystats"]);

/**
 * The sections that were asked for, in their own order: `default`, `all`, `everything`, or names in any case. A name that
 * there is not adds nothing.
 */
export function formatInfo(sections: InfoSections, wanted: readonly string[]): string {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  const isAll = names.has("all") || names.has("everything");
  const isDefault = names.size === 0 || names.has("default");
  const texts: string[] = [];
  for (const [name, facts] of sections) {
    if (!isAll && !names.has(name) && !(isDefault && !NOT_DEFAULT.has(name))) continue;
    const title = TITLES[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
    const lines = facts().map(([fact, value]) => `${fact}:${value}\r\n`);
    texts.push(`# ${title}\r\n${lines.join("")}`);
  }
  return texts.join("\r\n");
}

/** `1.50M`, as Redis writes it. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes;
  for (const unit of "KMGTP") {
    value /= 1024;
    if (value < 1024 || unit === "P") return `${value.toFixed(2)}${unit}`;
  }
  return `${bytes}B`;
}
