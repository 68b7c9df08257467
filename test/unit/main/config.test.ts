import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Config, environmentName, readConfig, SETTING_NAMES } from "../../../src/main/config.ts";

let directory = "";
before(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-config-"));
});
after(() => rmSync(directory, { recursive: true, force: true }));

function file(text: string, name = "holdfast.yaml"): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function read(flags: { readonly [name: string]: unknown }, environment: NodeJS.ProcessEnv = {}, path?: string): Config {
  const config = readConfig(flags, environment, path);
  assert.ok(config.ok, config.ok ? "" : config.error);
  return config.value;
}

function refusal(
  flags: { readonly [name: string]: unknown },
  environment: NodeJS.ProcessEnv = {},
  path?: string,
): string {
  const config = readConfig(flags, environment, path);
  assert.ok(!config.ok, "the settings are taken");
  return config.error;
}

describe("readConfig", () => {
  it("has defaults for everything", () => {
    const { memory, ...others } = read({});
    assert.ok(memory >= 16 << 20);
    assert.deepEqual(others, {
      port: 6379,
      bind: "127.0.0.1",
      data: "./holdfast-data",
      durability: "sync",
      "http-port": 8600,
      "grpc-port": 0,
      maxclients: 10_000,
      requirepass: "",
      "protected-mode": true,
      "enable-debug-command": false,
      group: "g1",
      "rpc-port": 0,
      "link-port": 0,
      "with-master": false,
      "master-rpc-port": 7300,
      "master-http-port": 0,
      "replica-reads": "linearizable",
      scatter: false,
    });
  });

  it("a flag goes before the environment, the environment before the file", () => {
    const path = file("port: 1\nhttp-port: 1\ndurability: memory\nrequirepass: from file\n");
    const config = read({ port: "3", bind: undefined }, { HOLDFAST_PORT: "2", HOLDFAST_HTTP_PORT: "2" }, path);
    assert.deepEqual(
      [config.port, config["http-port"], config.durability, config.requirepass, config.bind],
      [3, 2, "memory", "from file", "127.0.0.1"],
    );
  });

  it("reads JSON as well as YAML, and an empty file", () => {
    assert.equal(read({}, {}, file('{"port": 7, "protected-mode": "no"}', "holdfast.json"))["protected-mode"], false);
    assert.equal(read({}, {}, file("# nothing\n")).port, 6379);
  });

  it("takes bytes with units", () => {
    for (const [text, bytes] of [
      ["64mb", 64 << 20],
      ["1GB", 1 << 30],
      ["20m", 20_000_000],
      ["33554432", 1 << 25],
    ]) {
      assert.equal(read({ memory: text }).memory, bytes);
    }
  });

  it("a refusal names the setting where it was given, the value, and what is allowed", () => {
    const range = "it must be a port number from 0 to 65535.";
    assert.equal(refusal({ port: "abc" }), `--port is "abc": ${range}`);
    for (const port of ["70000", "-1", "", " ", "1e3", "0x10", "1.5", true, null]) {
      assert.equal(refusal({ port }), `--port is ${JSON.stringify(port)}: ${range}`);
    }
    assert.equal(refusal({}, { HOLDFAST_HTTP_PORT: "x" }), `HOLDFAST_HTTP_PORT is "x": ${range}`);
    const path = file("port: [1]\n");
    assert.equal(refusal({}, {}, path), `port in ${path} is [1]: ${range}`);
    assert.equal(refusal({ durability: "x" }), '--durability is "x": it must be sync or memory.');
    assert.equal(refusal({ maxclients: "0" }), '--maxclients is "0": it must be a number from 1 to 1000000.');
    assert.equal(refusal({ "protected-mode": "maybe" }), '--protected-mode is "maybe": it must be yes or no.');
    assert.match(refusal({ memory: "1kb" }), /^--memory is "1kb": it must be a number of bytes from 16mb to 12gb/);
    assert.match(refusal({ memory: "lots" }), /^--memory is "lots": it must be/);
    assert.equal(refusal({ data: "" }), '--data is "": it must be a directory.');
  });

  it("a name fits a znode, and is no word that every object has", () => {
    for (const name of [
      "constructor",
      "__proto__",
      "toString",
      ".",
      "..",
      "a/b",
      "a b",
      "-x",
      "é",
      "",
      "x".repeat(65),
    ]) {
      for (const setting of ["group", "id"]) {
        const start = `--${setting} is ${JSON.stringify(name)}: it must be a name of up to 64 letters, digits, `;
        const error = refusal({ [setting]: name });
        assert.ok(error.startsWith(start), error);
      }
    }
    assert.match(refusal({}, { HOLDFAST_GROUP: "valueOf" }), /^HOLDFAST_GROUP is "valueOf": it must be a name/);
    for (const name of ["g1", "Eu.west-1_a", "7", "spare"]) assert.equal(read({ group: name }).group, name);
  });

  it("tells of all bad settings at once", () => {
    assert.equal(refusal({ port: "x", durability: "y" }).split("\n").length, 2);
  });

  it("a wrong password is not repeated", () => {
    const error = refusal({}, {}, file("requirepass: 1234\n"));
    assert.match(error, /^requirepass in .* is of another type: it must be a text; put it in quotes\.$/);
    assert.doesNotMatch(error, /1234/);
  });

  it("a file that cannot be used is named with the reason", () => {
    assert.match(refusal({}, {}, join(directory, "nosuch.yaml")), /nosuch\.yaml cannot be read: ENOENT/);
    assert.match(refusal({}, {}, file("[1, 2")), /holdfast\.yaml is neither YAML nor JSON: .*line 1|line 2/);
    assert.match(refusal({}, {}, file("- a\n- b\n")), /must be a list of settings, one "name: value" a line$/);
    assert.match(refusal({}, {}, file("just a text")), /must be a list of settings/);
    assert.match(
      refusal({}, {}, file("prot: 1\n")),
      /has settings that Holdfast does not know: prot\. It knows port, /,
    );
  });

  it("environment names follow from the settings' own", () => {
    assert.equal(environmentName("enable-debug-command"), "HOLDFAST_ENABLE_DEBUG_COMMAND");
    assert.ok(SETTING_NAMES.includes("http-port"));
  });
});
