import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deadLinks, tidyFindings } from "./tidyRules.ts";

interface Example {
  readonly path: string;
  readonly bad: readonly string[];
  readonly good: readonly string[];
}

const EXAMPLES: { readonly [message: string]: Example } = {
  "takes time or chance": {
    path: "src/core/command/x.ts",
    bad: ["const a = Math.random();", "const b = Date.now();", "return new Date();"],
    good: ["// Unlike Math.random, it is seeded.", 'const a = "Date";', "/** Never\n * Date.now(). */"],
  },
  "base and core answer at once": {
    path: "src/base/x.ts",
    bad: ["async function f() {}", "let p: Promise<void>;"],
    good: ["// No Promise here.", 'args.is(1, "async");'],
  },
  "GLOSSARY.md": {
    path: "src/worker/x.ts",
    bad: [
      "// the leader sends",
      "let isFollower = 1;",
      "let slaves;",
      "const shardCount = 1;",
      "type term = 1;",
      "let groupLeader;",
    ],
    good: [
      "const slaveof = 1;",
      'case "slave":',
      "const text = `role:slave\nall shards`;",
      "const determined = terminate();",
      "let primary;",
    ],
  },
  "a path of one machine": {
    path: "docs/x.md",
    bad: ["see /work/main/x", "in `/tmp/x`", 'open "/home/me"'],
    good: ["`src/work/main`", "$DIR/tmp/x", "https://example.com/home/page"],
  },
  "leaves something for later": {
    path: "src/base/x.ts",
    bad: ["// TODO: later", "// FIXME"],
    good: ["const TODOS = 1;"],
  },
  "silences the compiler": { path: "src/base/x.ts", bad: ["// @ts-ignore", "// @ts-expect-error why"], good: [] },
  "skipped without a reason": {
    path: "test/x.test.ts",
    bad: ["test.only('a', f);", "describe.skip('a', f);", "it('a', { skip: true }, f);", "t.skip();"],
    good: ['t.skip("no compiler");', "it('a', { skip: reason }, f);", '"test.only(1)";'],
  },
  "import it from where it is": {
    path: "src/base/x.ts",
    bad: ['export * from "./y.ts";', 'export { y } from "./y.ts";', 'export type { Y } from "./y.ts";'],
    good: ["export { y };", "export function from() {}"],
  },
};

describe("tidy", () => {
  for (const [message, { path, bad, good }] of Object.entries(EXAMPLES)) {
    it(`finds what ${message}`, () => {
      for (const text of bad) {
        const found = tidyFindings({ path, text: `\n${text}\n` });
        assert.equal(found.length, 1, text);
        assert.match(found[0]!.message, new RegExp(message.replaceAll(".", "\\.")));
        assert.equal(found[0]!.line, 2);
      }
      for (const text of good) assert.deepEqual(tidyFindings({ path, text }), [], text);
    });
  }

  it("knows which folders a rule is for", () => {
    const text = "await Promise.resolve(Math.random());";
    for (const path of ["src/platform/x.ts", "test/x.ts", "bench/x.ts"])
      assert.deepEqual(tidyFindings({ path, text }), []);
    assert.equal(tidyFindings({ path: "src/storage/x.ts", text }).length, 1);
    assert.equal(tidyFindings({ path: "src/core/state/x.ts", text }).length, 2);
  });

  it("counts lines and reads names", () => {
    const tooLong = "\n".repeat(501);
    assert.match(tidyFindings({ path: "src/base/x.ts", text: tooLong })[0]!.message, /has 501 lines; 500/);
    assert.deepEqual(tidyFindings({ path: "docs/x.md", text: tooLong }), []);
    for (const path of ["src/Foo.ts", "src/foo-bar.ts", "test/foo_bar.test.ts"]) {
      assert.match(tidyFindings({ path, text: "" })[0]!.message, /camelCase/);
    }
    assert.deepEqual(tidyFindings({ path: "test/foo.net.test.ts", text: "" }), []);
  });

  it("follows the links of documents", () => {
    const text = "[a](../README.md) [b](#part) [c](https://example.com/)\n[d](adr/0001.md#why) [e](gone.md)";
    const found = deadLinks({ path: "docs/x.md", text }, (path) => ["README.md", "docs/adr/0001.md"].includes(path));
    assert.deepEqual(found, [{ path: "docs/x.md", line: 2, message: "links to gone.md, which is not there" }]);
  });
});
