import { resolvePath } from "./projectPath.ts";
import type { Finding, SourceFile } from "./tidyRules.ts";

/** Folders that may not be imported from the simulator, which brings its own world. */
const NOT_SIMULATED = ["src/platform", "src/cli", "src/main"];

/**
 * Imports of a layer that the layer's own tsconfig.json does not name. The compiler refuses what cannot be reached over any
 * chain of references, but not what is reached over two: this says the rest. `files` is the whole project.
 */
export function illegalImports(files: readonly SourceFile[]): Finding[] {
  const layers = readLayers(files);
  const layerOf = (path: string): string | undefined =>
    [...layers.keys()].find((layer) => path.startsWith(`${layer}/`));
  return files.flatMap((file) => {
    const own = layerOf(file.path);
    // sim/host is where the simulator meets Node.js.
    const isSim = file.path.startsWith("sim/") && !file.path.startsWith("sim/host/");
    if (!file.path.endsWith(".ts") || (own === undefined && !isSim)) return [];
    return importsOf(file).flatMap(({ target, line }) => {
      const other = layerOf(target);
      const isLegal = isSim
        ? !NOT_SIMULATED.some((folder) => target.startsWith(`${folder}/`))
        : other === own || (other !== undefined && layers.get(own!)!.has(other));
      return isLegal ? [] : [{ path: file.path, line, message: `may not import ${target}` }];
    });
  });
}

/** The layers below `src`, longest paths first, each with those that its tsconfig.json refers to. */
function readLayers(files: readonly SourceFile[]): Map<string, ReadonlySet<string>> {
  const layers = new Map<string, ReadonlySet<string>>();
  for (const { path, text } of files) {
    const match = /^(src\/.+)\/tsconfig\.json$/.exec(path);
    if (match === null) continue;
    const { references = [] } = JSON.parse(text) as { readonly references?: readonly { readonly path: string }[] };
    layers.set(match[1]!, new Set(references.map((reference) => resolvePath(match[1]!, reference.path))));
  }
  return layers;
}

function importsOf(file: SourceFile): { readonly target: string; readonly line: number }[] {
  const folder = file.path.slice(0, file.path.lastIndexOf("/"));
  return [...file.text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*"(\.[^"]+)"/g)].map((match) => ({
    target: resolvePath(folder, match[1]!),
    line: file.text.slice(0, match.index).split("\n").length,
  }));
}
