import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { latin1Bytes } from "../../../src/base/latin1.ts";
import { Args } from "../../../src/core/command/args.ts";
import type { Call } from "../../../src/core/command/call.ts";
import { argTimeout, parseInteger, parseSafeInteger, parseShortInteger } from "../../../src/core/command/numbers.ts";
import { Reply } from "../../../src/core/command/reply.ts";

const short = (text: string) => parseShortInteger(latin1Bytes(text), 0, text.length);

describe("integers", () => {
  it("are read up to 64 bits", () => {
    for (const text of ["0", "7", "-1", "10", "9223372036854775807", "-9223372036854775808", "9007199254740993"]) {
      assert.equal(parseInteger(text), BigInt(text));
    }
    assert.equal(parseInteger("9223372036854775808"), undefined);
    assert.equal(parseInteger("-9223372036854775809"), undefined);
    assert.equal(parseInteger("1".repeat(1000)), undefined);
  });

  it("are taken as safe numbers only when they are", () => {
    assert.equal(parseSafeInteger("9007199254740991"), 9007199254740991);
    assert.equal(parseSafeInteger("-9007199254740991"), -9007199254740991);
    assert.equal(parseSafeInteger("9007199254740992"), undefined);
    assert.equal(short("999999999999999"), 999999999999999);
    assert.equal(short("-999999999999999"), -999999999999999);
    assert.equal(short("1000000000000000"), undefined);
  });

  it("are refused in any other form than the canonical one", () => {
    for (const text of ["", "-", "-0", "01", "-01", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1\n", "12a"]) {
      assert.equal(parseInteger(text), undefined, JSON.stringify(text));
      assert.equal(parseSafeInteger(text), undefined, JSON.stringify(text));
      assert.equal(short(text), undefined, JSON.stringify(text));
    }
  });

  it("are read from the middle of bytes", () => assert.equal(parseShortInteger(latin1Bytes("a-42b"), 1, 4), -42));
});

describe("the timeout of a blocking command", () => {
  const timeout = (text: string): number | string => {
    const reply = new Reply();
    const millis = argTimeout({ args: Args.of(text), reply } as Call, 0);
    return millis ?? Buffer.from(reply.out.view()).toString("latin1").trim();
  };

  it("is given in seconds and rounded up to milliseconds", () => {
    assert.equal(timeout("0"), 0);
    assert.equal(timeout("2"), 2000);
    assert.equal(timeout("0.25"), 250);
    assert.equal(timeout("0.0001"), 1);
    assert.equal(timeout("0x1"), 1000);
  });

  it("is refused as in Redis 7.0.15", () => {
    for (const text of ["", "abc", "nan", " 1"])
      assert.equal(timeout(text), "-ERR timeout is not a float or out of range");
    for (const text of ["-1", "-0.1", "inf", "-inf", "1e30"]) assert.equal(timeout(text), "-ERR timeout is negative");
  });
});
