import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Glob } from "../../../src/base/glob.ts";
import { fc } from "../../support/properties.ts";

const matches = (pattern: string, text: string, nocase = false) => new Glob(pattern, nocase).matches(text);

describe("Glob", () => {
  // Checked against `SSCAN … MATCH` of redis-server 7.0.15.
  const yes: readonly (readonly [string, string])[] = [
    ["", ""],
    ["a*", "a"],
    ["*a*b*", "xxaxxb"],
    ["h?llo", "hello"],
    ["h[ae]llo", "hallo"],
    ["h[^e]llo", "hallo"],
    ["h[a-b]llo", "hbllo"],
    ["h[b-a]llo", "hbllo"],
    ["a\\*", "a*"],
    ["a\\", "a\\"],
    ["[\\]]", "]"],
    ["[a-]]", "_"],
    ["x[abc", "xb"],
    ["[^", "a"],
    ["[\x80-a]", "\x00"],
    ["***", "abc"],
  ];
  const no: readonly (readonly [string, string])[] = [
    ["", "a"],
    ["*", ""],
    ["a", ""],
    ["h?llo", "hllo"],
    ["h[^e]llo", "hello"],
    ["a*b", "abx"],
    ["[]", "]"],
    ["[a-\xff]", "b"],
    ["x[", "x"],
    ["ABC", "abc"],
  ];
  for (const [pattern, text] of yes) {
    it(`${JSON.stringify(pattern)} matches ${JSON.stringify(text)}`, () => assert.ok(matches(pattern, text)));
  }
  for (const [pattern, text] of no) {
    it(`${JSON.stringify(pattern)} does not match ${JSON.stringify(text)}`, () => assert.ok(!matches(pattern, text)));
  }

  it("takes letters in any case when told to, but for escaped ones in a class", () => {
    assert.ok(matches("MAX*", "maxmemory", true));
    assert.ok(matches("[A-C]x", "BX", true));
    assert.ok(!matches("[\\A]", "a", true));
  });

  it("says when it is everything, or one text", () => {
    assert.equal(new Glob("*").all, true);
    assert.equal(new Glob("a\\*b").literal, "a*b");
    assert.equal(new Glob("a?").literal, undefined);
  });

  it("matches as plain recursion does", () => {
    const piece = fc.constantFrom("a", "b", "*", "?");
    const text = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), text, (pattern, chars) => {
        assert.equal(matches(pattern.join(""), chars.join("")), recursive(pattern, chars));
      }),
    );
  });

  it("is not exponential", () => {
    assert.ok(!matches(`${"a*".repeat(5000)}b`, "a".repeat(20_000)));
  });
});

function recursive(pattern: readonly string[], text: readonly string[]): boolean {
  if (pattern.length === 0) return text.length === 0;
  const rest = pattern.slice(1);
  if (pattern[0] === "*") return recursive(rest, text) || (text.length > 0 && recursive(pattern, text.slice(1)));
  return text.length > 0 && (pattern[0] === "?" || pattern[0] === text[0]) && recursive(rest, text.slice(1));
}
