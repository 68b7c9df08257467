import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { newSession } from "../../../sim/oracle/session.ts";
import { Args } from "../../../src/core/command/args.ts";
import { CommandTable } from "../../../src/core/command/table.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { CommandMeter } from "../../../src/worker/commandMeter.ts";
import { MicrosHistogram } from "../../../src/worker/microsHistogram.ts";
import { formatInfo, humanBytes } from "../../../src/worker/services/infoText.ts";
import { LatencyMonitor } from "../../../src/worker/services/latency.ts";
import { percentile } from "../../../src/worker/services/percentile.ts";
import { SlowLog } from "../../../src/worker/services/slowLog.ts";
import { WallMicros } from "../../../src/worker/services/wallMicros.ts";

function clockAt(times: { wall: number; micros: number }): Clock {
  return { wall: () => times.wall as never, monotonic: () => 0 as never, micros: () => times.micros };
}

describe("SlowLog", () => {
  const session = newSession(1, 2);

  function logged(...words: readonly string[]): readonly string[] {
    const log = new SlowLog();
    log.add(Args.of(...words), session, 1, 2, 10);
    return log.newest(1)[0]!.args;
  }

  it("keeps the newest entries, and numbers go on", () => {
    const log = new SlowLog();
    for (let i = 0; i < 5; i++) log.add(Args.of("GET"), session, i, 10, 3);
    assert.deepEqual([log.length, log.newest(9).map(({ id }) => id)], [3, [4, 3, 2]]);
    log.clear();
    log.add(Args.of("GET"), session, 9, 10, 3);
    assert.equal(log.newest(1)[0]!.id, 5);
  });

  it("shortens long requests as Redis does", () => {
    assert.deepEqual(logged("SET", "k", "x".repeat(130)), ["SET", "k", `${"x".repeat(128)}... (2 more bytes)`]);
    const many = logged("DEL", ...Array.from({ length: 40 }, (_, i) => `k${i}`));
    assert.deepEqual([many.length, many[30], many[31]], [32, "k29", "... (10 more arguments)"]);
  });

  it("keeps no password", () => {
    const gone = "(redacted)";
    assert.deepEqual(logged("auth", "secret"), ["auth", gone]);
    assert.deepEqual(logged("AUTH", "default", "secret"), ["AUTH", gone, gone]);
    const hello = ["HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me"];
    assert.deepEqual(logged(...hello), ["HELLO", "3", "AUTH", gone, gone, "SETNAME", "me"]);
    const set = ["CONFIG", "SET", "hz", "10", "RequirePass", "secret"];
    assert.deepEqual(logged(...set), ["CONFIG", "SET", "hz", "10", "RequirePass", gone]);
    assert.deepEqual(logged("CONFIG", "GET", "requirepass"), ["CONFIG", "GET", "requirepass"]);
  });
});

describe("LatencyMonitor", () => {
  const table = new CommandTable([]);
  const monitor = () => new LatencyMonitor(table, new CommandMeter(clockAt({ wall: 0, micros: 0 })));

  it("keeps the worst of each second, 160 of them, and the worst of all", () => {
    const own = monitor();
    own.add("command", 1, 500);
    for (let second = 2; second < 200; second++) {
      own.add("command", second, 10);
      own.add("command", second, 20);
      own.add("command", second, 15);
    }
    const history = own.history("command");
    assert.deepEqual(
      [history.length, history[0], history.at(-1), own.worst("command")],
      [160, [40, 20], [199, 20], 500],
    );
  });

  it("forgets some events or all", () => {
    const own = monitor();
    for (const name of ["a", "b", "c"]) own.add(name, 1, 1);
    assert.equal(own.reset(["a", "nosuch"]), 1);
    assert.deepEqual(own.events(), ["b", "c"]);
    assert.equal(own.reset([]), 2);
    assert.deepEqual(own.events(), []);
  });
});

describe("figures of INFO", () => {
  it("bytes for people", () => {
    const cases: readonly [number, string][] = [
      [0, "0B"],
      [1023, "1023B"],
      [1024, "1.00K"],
      [1536 * 1024, "1.50M"],
      [25_276_063_744, "23.54G"],
      [2 ** 50, "1.00P"],
    ];
    for (const [bytes, text] of cases) assert.equal(humanBytes(bytes), text);
  });

  it("sections: the default ones, all, or those named, in their own order", () => {
    const facts = () => [["x", 1]] as const;
    const sections = new Map(["server", "cpu", "commandstats", "keyspace"].map((name) => [name, facts]));
    assert.equal(formatInfo(sections, ["KEYSPACE", "server"]), "# Server\r\nx:1\r\n\r\n# Keyspace\r\nx:1\r\n");
    const titles = (wanted: readonly string[]) => formatInfo(sections, wanted).match(/# \w+/g)?.join(" ");
    assert.equal(titles([]), "# Server # CPU # Keyspace");
    assert.equal(titles(["default", "commandstats"]), "# Server # CPU # Commandstats # Keyspace");
    assert.equal(titles(["all"]), "# Server # CPU # Commandstats # Keyspace");
    assert.equal(formatInfo(sections, ["nosuch"]), "");
  });

  it("percentiles are the upper ends of their buckets", () => {
    const histogram = new MicrosHistogram();
    assert.equal(percentile(histogram.buckets, 50), 0);
    for (const micros of [0.5, 3, 3, 100]) histogram.add(micros);
    assert.deepEqual([histogram.count, histogram.totalMicros], [4, 106.5]);
    assert.deepEqual(
      [0, 25, 50, 75, 99, 100].map((percent) => percentile(histogram.buckets, percent)),
      [1, 1, 4, 4, 128, 128],
    );
  });

  it("TIME follows the monotonic clock, and the wall clock when it is set", () => {
    const times = { wall: 1000, micros: 500 };
    const wall = new WallMicros(clockAt(times));
    assert.equal(wall.now(), 1_000_000);
    Object.assign(times, { wall: 1001, micros: 1_700 });
    assert.equal(wall.now(), 1_001_200);
    Object.assign(times, { wall: 5000, micros: 2_000 });
    assert.equal(wall.now(), 5_000_000);
  });
});
