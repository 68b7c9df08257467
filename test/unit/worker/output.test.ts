import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../../../src/base/byteWriter.ts";
import { outputOf } from "../../../src/worker/output.ts";

test("what is handed over is what was written, whatever it begins or ends with", () => {
  const texts = [
    "+OK\r\n",
    "+OK\r\r",
    "+OKay",
    "+ok\r\n",
    "-OK\r\n",
    "+OJ\r\n",
    "+OK\n\n",
    ":12\r\n",
    "+OK\r\n+OK\r\n",
    "\xff\x80",
    "",
  ];
  for (const text of [...texts, "x".repeat(4096), "x".repeat(4097)]) {
    const out = new ByteWriter(16);
    out.text(text);
    const output = outputOf(out);
    assert.equal(typeof output, text.length > 4096 ? "object" : "string");
    assert.equal(typeof output === "string" ? output : Buffer.from(output).toString("latin1"), text);
  }
});
