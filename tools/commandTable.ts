/**
 * Writes the commands that the table has into docs/compatibility.md: `npm run docs`. With `--check` it changes nothing and
 * fails when the document is out of date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandTable } from "../src/core/command/commandTable.ts";
import { commandSection, withSection } from "./commandSection.ts";

const DOCUMENT = fileURLToPath(new URL("../docs/compatibility.md", import.meta.url));

const present = readFileSync(DOCUMENT, "utf8");
const wanted = withSection(present, commandSection(commandTable.all()));
if (wanted === present) process.exit(0);
if (process.argv.includes("--check")) {
  console.error("docs/compatibility.md does not list the commands that there are; run `npm run docs`");
  process.exit(1);
}
writeFileSync(DOCUMENT, wanted);
