import { resolvePath } from "./projectPath.ts";

/** One thing that a file does against the house's rules. */
export interface Finding {
  readonly path: string;
  /** From 1; 0 when the file as a whole is meant. */
  readonly line: number;
  readonly message: string;
}

/** A file of the project; `path` is relative to its root, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

interface LineRule {
  readonly files: RegExp;
  /** What of a line is looked at: comments may speak of what code must not do, and strings may hold Redis's words. */
  readonly in: "everything" | "code" | "allButStrings";
  readonly pattern: RegExp;
  readonly message: string;
}

const LINES_MAX = 500;

const FORBIDDEN_WORDS = /leader|follower|slave(?!of\b)|shard|\bterm\b/i;

const RULES: readonly LineRule[] = [
  {
    files: /^(src\/(base|ports|core|storage|worker)|sim)\/.*\.ts$/,
    in: "code",
    pattern: /\bMath\.random\b|\bDate\b/,
    message: "takes time or chance from the machine; the ports Clock and Random bring them",
  },
  {
    files: /^src\/(base|core)\/.*\.ts$/,
    in: "code",
    pattern: /\bPromise\b|\basync\b|\bawait\b/,
    message: "waits; base and core answer at once",
  },
  {
    files: /^(src|sim|test|bench|tools)\/.*\.ts$/,
    in: "allButStrings",
    pattern: FORBIDDEN_WORDS,
    message: "uses a word that GLOSSARY.md replaces by another",
  },
  {
    files: /\.(ts|md|json|yml)$/,
    in: "everything",
    pattern: /(?<![\w.}])\/(?:work|home|root|tmp)\/\w/,
    message: "names a path of one machine",
  },
  {
    files: /\.(ts|md|json)$/,
    in: "everything",
    pattern: /\b(?:TODO|FIXME|XXX)\b/,
    message: "leaves something for later; write an issue, or do it",
  },
  {
    files: /\.ts$/,
    in: "everything",
    pattern: /@ts-(?:ignore|expect-error|nocheck)/,
    message: "silences the compiler",
  },
  {
    files: /\.test\.ts$/,
    in: "code",
    pattern: /\b(?:test|it|describe|suite)\.(?:only|skip|todo)\(|\b(?:only|skip|todo): true\b|\.(?:skip|todo)\(\)/,
    message: "runs alone, or is skipped without a reason",
  },
  {
    files: /^src\/.*\.ts$/,
    in: "code",
    pattern: /^export (?:type )?(?:\*|\{[^}]*\}) from /,
    message: "exports what another file has; import it from where it is",
  },
];

/** What the rules find in one file. */
export function tidyFindings(file: SourceFile): Finding[] {
  const rules = RULES.filter((rule) => rule.files.test(file.path) && !file.path.startsWith("tools/tidyRules"));
  const lines = parts(file.text);
  const findings = rules.flatMap((rule) =>
    lines[rule.in].flatMap((line, index) => {
      if (!rule.pattern.test(line)) return [];
      return [{ path: file.path, line: index + 1, message: `${rule.message}: ${lines.everything[index]!.trim()}` }];
    }),
  );
  return [...fileFindings(file, lines.everything.length - 1), ...findings];
}

function fileFindings({ path }: SourceFile, lineCount: number): Finding[] {
  if (!path.endsWith(".ts")) return [];
  const name = path.slice(path.lastIndexOf("/") + 1);
  const findings: Finding[] = [];
  if (lineCount > LINES_MAX)
    findings.push({ path, line: 0, message: `has ${lineCount} lines; ${LINES_MAX} are the limit` });
  if (!/^[a-z][A-Za-z0-9]*(\.[a-z]+)*\.ts$/.test(name))
    findings.push({ path, line: 0, message: "is not named in camelCase" });
  return findings;
}

/** The parts of a file that rules are about, line by line. */
function parts(text: string): { readonly [part in LineRule["in"]]: readonly string[] } {
  const split = (changed: string): string[] => changed.split("\n");
  return {
    everything: split(text),
    allButStrings: split(text.replace(TOKEN, (token) => (isComment(token) ? token : blank(token)))),
    code: split(text.replace(TOKEN, blank)),
  };
}

/** A comment or a string. A regular expression that contains quotes or `//` is misread, to the end of its line at most. */
const TOKEN = /\/\/.*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g;

function isComment(token: string): boolean {
  return token.startsWith("/");
}

function blank(token: string): string {
  const quote = isComment(token) ? "" : token[0]!;
  return quote + token.replace(/[^\n]+/g, "") + quote;
}

/** Relative links of a Markdown file that lead nowhere. `exists` answers for paths relative to the project's root. */
export function deadLinks(file: SourceFile, exists: (path: string) => boolean): Finding[] {
  if (!file.path.endsWith(".md")) return [];
  const folder = file.path.slice(0, Math.max(0, file.path.lastIndexOf("/")));
  return file.text.split("\n").flatMap((line, index) =>
    [...line.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target) && !exists(resolvePath(folder, target)))
      .map((target) => ({ path: file.path, line: index + 1, message: `links to ${target}, which is not there` })),
  );
}
