import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { illegalImports } from "./layerRules.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** What must not compile in a layer: layers that it may not import, and lines with what the outside world has. */
const ILLEGAL: { readonly [layer: string]: { readonly layers: readonly string[]; readonly lines: readonly string[] } } =
  {
    base: {
      layers: ["ports", "core/state", "platform"],
      lines: ['import "node:fs";', "setTimeout(() => 0, 1);", "process.exit();", "console.log();"],
    },
    ports: {
      layers: ["core/state", "storage", "platform"],
      lines: ['import "node:fs";', "export let buffer: Buffer;"],
    },
    coordination: {
      layers: ["core/state", "storage", "platform"],
      lines: ['import "node:fs";', "setTimeout(() => 0, 1);", "export let buffer: Buffer;"],
    },
    "core/state": {
      layers: ["ports", "core/command", "core/replica", "storage", "worker"],
      lines: ['import "node:zlib";', "setTimeout(() => 0, 1);"],
    },
    "core/slots": { layers: ["ports", "core/state", "storage"], lines: ["setTimeout(() => 0, 1);"] },
    "core/placement": { layers: ["ports", "core/replica", "master"], lines: ["performance.now();"] },
    master: { layers: ["core/state", "storage", "worker", "platform"], lines: ['import "node:net";'] },
    "core/replica": { layers: ["ports", "core/state", "core/command", "storage"], lines: ["queueMicrotask(() => 0);"] },
    "core/command": {
      layers: ["ports", "core/replica", "storage", "worker", "gateway", "platform"],
      lines: ['import "node:fs";', "setTimeout(() => 0, 1);", "performance.now();"],
    },
    storage: {
      layers: ["core/command", "core/replica", "worker", "platform"],
      lines: ['import "node:fs";', "setImmediate(() => 0);"],
    },
    worker: { layers: ["gateway", "platform", "main"], lines: ['import "node:net";', "setTimeout(() => 0, 1);"] },
    gateway: { layers: ["platform", "main"], lines: [] },
    platform: { layers: ["core/state", "core/command", "storage", "worker", "gateway"], lines: [] },
    main: { layers: ["cli"], lines: [] },
  };

/** What a chain of references reaches, so that only tidy refuses it. */
const INDIRECT: { readonly [layer: string]: readonly string[] } = {
  gateway: ["core/replica", "storage"],
  cli: ["core/state", "worker", "gateway", "storage"],
};

const MISTAKES = Object.entries(ILLEGAL).flatMap(([layer, { layers, lines }]) => {
  const up = "../".repeat(layer.split("/").length);
  const imports = layers.map((other) => `import "${up}${other}/probe.ts";`);
  return [...imports, ...lines].map((line, index) => ({ layer, line, file: `src/${layer}/illegal${index}.ts` }));
});

/** "Cannot find", "not listed in the project", "not under rootDir": a mistake of another kind would prove nothing. */
const REFUSALS = /error TS(2304|2307|2580|2584|2591|2882|6059|6307)\b/;

describe("the compiler holds the layers", () => {
  let copy = "";
  let output = "";

  before(async () => {
    copy = await mkdtemp(join(tmpdir(), "holdfast-layers-"));
    await cp(join(ROOT, "src"), join(copy, "src"), { recursive: true });
    await cp(join(ROOT, "tsconfig.base.json"), join(copy, "tsconfig.base.json"));
    await writeFile(join(copy, "package.json"), '{"type":"module"}');
    await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
    // Imported by nobody else: the compiler reports a file that is out of bounds only where it meets it first.
    for (const layer of Object.keys(ILLEGAL)) await writeFile(join(copy, "src", layer, "probe.ts"), "export {};\n");
    for (const { file, line } of MISTAKES) await writeFile(join(copy, file), `${line}\nexport {};\n`);
    output = await new Promise((resolve) => {
      execFile(
        process.execPath,
        [TSC, "-b", "src", "--pretty", "false"],
        { cwd: copy, maxBuffer: 1 << 26 },
        (_, stdout) => resolve(stdout),
      );
    });
  });
  after(() => rm(copy, { recursive: true, force: true }));

  for (const { layer, line, file } of MISTAKES) {
    it(`${layer} cannot say ${line}`, () => {
      const reported = output.split("\n").filter((text) => text.startsWith(file));
      assert.ok(
        reported.some((text) => REFUSALS.test(text)),
        reported.join("\n") || `nothing is said of ${file}`,
      );
    });
  }
});

it("tidy refuses what a layer reaches only through another", async () => {
  const tsconfigs = await Promise.all(
    [...Object.keys(ILLEGAL), ...Object.keys(INDIRECT)].map(async (layer) => {
      const path = `src/${layer}/tsconfig.json`;
      return { path, text: await readFile(join(ROOT, path), "utf8") };
    }),
  );
  for (const [layer, others] of Object.entries(INDIRECT)) {
    for (const other of others) {
      const file = { path: `src/${layer}/x.ts`, text: `\nimport { probe } from "../${other}/probe.ts";\n` };
      assert.deepEqual(illegalImports([...tsconfigs, file]), [
        { path: file.path, line: 2, message: `may not import src/${other}/probe.ts` },
      ]);
    }
    const legal = { path: `src/${layer}/x.ts`, text: 'import "./y.ts";\nimport "../base/probe.ts";\n' };
    assert.deepEqual(illegalImports([...tsconfigs, legal]), []);
  }
});

it("tidy keeps the real world out of the simulator", () => {
  const from = (target: string) => [
    { path: "src/platform/tsconfig.json", text: "{}" },
    { path: "sim/disk/x.ts", text: `import type { X } from "../../src/${target}";` },
  ];
  assert.equal(illegalImports(from("platform/nodeDisk.ts")).length, 1);
  assert.deepEqual(illegalImports(from("storage/log/log.ts")), []);
});
