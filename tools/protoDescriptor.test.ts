import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DESCRIPTORS, descriptorText } from "./protoDescriptor.ts";
import { DESCRIPTOR_FILES_PATH, descriptorFilesText } from "./protoFiles.ts";

for (const descriptor of DESCRIPTORS) {
  test(`${descriptor.constant} says what the .proto files say; else run \`npm run proto\``, () => {
    assert.equal(readFileSync(descriptor.path, "utf8"), descriptorText(descriptor));
  });
}

test("servers tell by reflection what the public .proto files say; else run `npm run proto`", () => {
  assert.equal(readFileSync(DESCRIPTOR_FILES_PATH, "utf8"), descriptorFilesText());
});
