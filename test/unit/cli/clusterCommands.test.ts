import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clusterCommands } from "../../../src/cli/clusterCommands.ts";

/** What a command says of its arguments before it asks anybody. */
async function refusalOf(name: string, ...given: string[]): Promise<string> {
  const command = clusterCommands().find((each) => each.name() === name)!;
  command.configureOutput({ writeErr: () => undefined });
  try {
    await command.parseAsync(given, { from: "user" });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("names at the command line", () => {
  test("a group that nothing can be called is refused with the argument, the value and what is allowed", async () => {
    for (const name of ["constructor", "__proto__", "toString", "..", "a/b"]) {
      const rule = `It must be a name of up to 64 letters, digits, dots,`;
      for (const [argument, message] of [
        ["'--to <group>'", await refusalOf("migrate", "--slots", "0", "--to", name)],
        ["argument 'group'", await refusalOf("weight", name, "2")],
        ["argument 'group'", await refusalOf("drain", name)],
        ["argument 'group'", await refusalOf("undrain", name)],
        ["argument 'group'", await refusalOf("lend", "w1", name)],
        ["argument 'worker'", await refusalOf("lend", name, "g1")],
      ]) {
        assert.ok(
          [argument!, `'${name}' is invalid`, rule].every((part) => message!.includes(part)),
          message,
        );
      }
    }
  });

  test("the name of spares is no group's", async () => {
    assert.match(await refusalOf("drain", "spare"), /'spare' is invalid.*workers name that are in no group/);
    assert.match(await refusalOf("migrate", "--slots", "0", "--to", "spare"), /'--to <group>'.*'spare' is invalid/);
  });
});
