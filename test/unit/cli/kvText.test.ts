import assert from "node:assert/strict";
import { test } from "node:test";
import { completions } from "../../../src/cli/cli.ts";
import { jsonValue, shownText, wordsOf } from "../../../src/cli/kvText.ts";

test("a line is words, with quotes and backslashes", () => {
  assert.deepEqual(wordsOf(`put "a b" 'c "d"' e\\ f ""`), ["put", "a b", 'c "d"', "e f", ""]);
  assert.deepEqual(wordsOf("  "), []);
  assert.equal(wordsOf('get "open'), undefined);
});

test("bytes that are no text are shown as what they are", () => {
  const bytes = new Uint8Array([0x61, 0xff, 0x00]);
  assert.equal(shownText(bytes), "a\\xff\\x00");
  assert.deepEqual(jsonValue(bytes), { base64: "Yf8A" });
  assert.equal(jsonValue(Buffer.from("ä")), "ä");
  assert.equal(jsonValue(undefined), undefined);
});

test("the tab key completes commands and their options", () => {
  assert.deepEqual(completions("s"), [["scan "], "s"]);
  assert.deepEqual(completions("put key --if-"), [["--if-absent ", "--if-version "], "--if-"]);
  assert.deepEqual(completions("get key"), [[], "key"]);
  assert.deepEqual(completions("nonsense --"), [[], "--"]);
});
