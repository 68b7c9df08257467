import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DESCRIPTOR_PATH, descriptorText } from "./protoDescriptor.ts";

test("the messages in the program are those of the .proto files; else run `npm run proto`", () => {
  assert.equal(readFileSync(DESCRIPTOR_PATH, "utf8"), descriptorText());
});
