/** Checks what neither the compiler nor Biome nor Knip sees (tidyRules.ts, layerRules.ts), over the whole project: `npm run tidy`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { illegalImports } from "./layerRules.ts";
import { deadLinks, type SourceFile, tidyFindings } from "./tidyRules.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SKIPPED = new Set(["node_modules", "dist", ".git", ".tsbuild", "holdfast-data", "package-lock.json", "cts.json"]);

const files = projectFiles(ROOT);
const findings = [
  ...files.flatMap((file) => [...tidyFindings(file), ...deadLinks(file, (path) => existsSync(join(ROOT, path)))]),
  ...illegalImports(files),
];
for (const { path, line, message } of findings) console.error(`${path}${line > 0 ? `:${line}` : ""} ${message}`);
if (findings.length > 0) process.exitCode = 1;

function projectFiles(folder: string): SourceFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !SKIPPED.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return projectFiles(path);
      if (!/\.(ts|md|json|yml)$/.test(entry.name)) return [];
      return [{ path: relative(ROOT, path).replaceAll("\\", "/"), text: readFileSync(path, "utf8") }];
    });
}
