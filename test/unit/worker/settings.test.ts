import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SETTING_ALIASES, SETTINGS } from "../../../src/worker/services/settingList.ts";
import { Settings } from "../../../src/worker/services/settings.ts";
import { normalOutputLimit } from "../../../src/worker/services/specialSettings.ts";

function settings(initial: { readonly [name: string]: string } = {}, configFile = ""): Settings {
  return new Settings(initial, configFile, () => undefined);
}

/** What a setting shows after it was set, or the error text behind the dash. */
function setAndShow(name: string, value: string, present?: string): string {
  const own = settings(present === undefined ? {} : { [name]: present });
  const error = own.set([[name, value]]);
  return error === undefined ? own.text(name) : error.split(" - ").at(-1)!;
}

describe("settings", () => {
  it("each default is a value that the setting itself takes, unless it is fixed", () => {
    for (const { name, initial, parse } of SETTINGS) {
      const outcome = parse(initial, initial);
      if (outcome.ok) assert.equal(outcome.value, initial, name);
      else assert.match(outcome.error, /^can't set (immutable|protected) config$/, name);
    }
  });

  it("names are there once, and aliases stand for names", () => {
    const names = SETTINGS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const [alias, name] of Object.entries(SETTING_ALIASES)) {
      assert.ok(names.includes(name), name);
      assert.ok(!names.includes(alias), alias);
    }
    assert.equal(settings().matching("*").length, names.length + Object.keys(SETTING_ALIASES).length);
  });

  it("patterns match in any case; a plain name comes back as it was written", () => {
    const own = settings();
    assert.deepEqual(own.matching("SLOWLOG-*"), [
      ["slowlog-log-slower-than", "10000"],
      ["slowlog-max-len", "128"],
    ]);
    assert.deepEqual(own.matching("SlowLog-Max-Len"), [["SlowLog-Max-Len", "128"]]);
    assert.deepEqual(own.matching("nosuch"), []);
  });

  it("a change of several is all or nothing, and is told once", () => {
    let told = 0;
    const own = new Settings({}, "", () => told++);
    assert.match(
      own.set([
        ["timeout", "5"],
        ["hz", "x"],
      ])!,
      /related to argument 'hz'/,
    );
    assert.equal(own.text("timeout"), "0");
    assert.equal(told, 0);
    assert.equal(
      own.set([
        ["timeout", "5"],
        ["hz", "20"],
      ]),
      undefined,
    );
    assert.deepEqual([own.integer("timeout"), own.text("hz"), told], [5, "20", 1]);
  });

  it("an alias shows and changes what it stands for", () => {
    const own = settings();
    assert.equal(own.set([["hash-max-ziplist-entries", "7"]]), undefined);
    assert.equal(own.text("hash-max-listpack-entries"), "7");
    assert.deepEqual(own.matching("hash-max-ziplist-e*"), [["hash-max-ziplist-entries", "7"]]);
  });

  it("values have Redis's grammar", () => {
    const cases: readonly (readonly [string, string, string])[] = [
      ["maxmemory", "1kb", "1024"],
      ["maxmemory", "1k", "1000"],
      ["maxmemory", "2GB", "2147483648"],
      ["maxmemory", "-1", "argument must be a memory value"],
      ["timeout", "2147483648", "argument must be between 0 and 2147483647 inclusive"],
      ["timeout", " 5", "argument couldn't be parsed into an integer"],
      ["timeout", "05", "argument couldn't be parsed into an integer"],
      ["timeout", "99999999999999999999", "argument couldn't be parsed into an integer"],
      ["proto-max-bulk-len", "1", "argument must be between 1048576 and 9223372036854775807 inclusive"],
      ["appendonly", "no", "can't set immutable config"],
      ["activedefrag", "YES", "yes"],
      ["loglevel", "loud", "argument(s) must be one of the following: debug, verbose, notice, warning"],
      ["maxmemory-clients", "5%", "5%"],
      ["maxmemory-clients", "5kb", "5120"],
      ["maxmemory-clients", "500%", "percentage argument must be less or equal to 100"],
      ["maxmemory-clients", "x", "argument must be a memory or percent value"],
      ["notify-keyspace-events", "KEA", "AKE"],
      ["notify-keyspace-events", "Ex", "xE"],
      ["notify-keyspace-events", "Q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
      ["oom-score-adj-values", "1 2 3", "1 2 3"],
      ["oom-score-adj-values", "1 2", "wrong number of arguments"],
      ["oom-score-adj-values", "1 2 3000", "Invalid oom-score-adj-values, elements must be between -2000 and 2000."],
      ["save", "900 1 300 10", "900 1 300 10"],
      ["save", "900", "Invalid save parameters"],
      ["save", "", ""],
      ["latency-tracking-info-percentiles", "50 99.99", "50 99.99"],
      ["latency-tracking-info-percentiles", "50 x", "Invalid latency-tracking-info-percentiles parameters"],
      ["cluster-announce-hostname", "a_b", "Hostnames may only contain alphanumeric characters, hyphens or dots"],
    ];
    for (const [name, value, shown] of cases) assert.equal(setAndShow(name, value), shown, `${name} ${value}`);
  });

  it("output buffer limits are set class by class", () => {
    const name = "client-output-buffer-limit";
    const present = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";
    const shown = setAndShow(name, "normal 1mb 2 3 replica 1 2 3", present);
    assert.equal(shown, "normal 1048576 2 3 slave 1 2 3 pubsub 33554432 8388608 60");
    assert.equal(normalOutputLimit(shown), 1_048_576);
    assert.match(setAndShow(name, "normal 1 2"), /^Wrong number of arguments/);
    assert.match(setAndShow(name, "bogus 1 2 3"), /^Invalid client class/);
    assert.match(setAndShow(name, "normal 1 2 -3"), /^Error in hard, soft or soft_seconds/);
  });

  it("the configuration file is never rewritten", () => {
    assert.equal(settings().rewrite(), "ERR The server is running without a config file");
    assert.match(settings({}, "holdfast.yaml").rewrite(), /does not change its config file/);
  });
});
