import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatDouble, parseDouble } from "../../../src/base/double.ts";
import { addLongDoubles, formatLongDouble, parseLongDouble } from "../../../src/base/longDouble.ts";
import { fc } from "../../support/properties.ts";

describe("formatDouble", () => {
  // What `ZSCORE` of redis-server 7.0.15 answers.
  const cases: readonly (readonly [number, string])[] = [
    [0, "0"],
    [-0, "-0"],
    [3, "3"],
    [-17.5, "-17.5"],
    [0.1, "0.10000000000000001"],
    [0.0001, "0.0001"],
    [0.00001, "1.0000000000000001e-05"],
    [2.5e-5, "2.5000000000000001e-05"],
    [1e16, "10000000000000000"],
    [1e17, "1e+17"],
    [-1e17, "-1e+17"],
    [Number("123456789012345678"), "1.2345678901234568e+17"],
    [1e20, "1e+20"],
    [2 ** 63, "9.2233720368547758e+18"],
    [2 ** 62, "4.6116860184273879e+18"],
    [5e-324, "4.9406564584124654e-324"],
    [Number.MAX_VALUE, "1.7976931348623157e+308"],
    [17179869184.5, "17179869184.5"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
  ];
  for (const [value, text] of cases) it(`writes ${value} as ${text}`, () => assert.equal(formatDouble(value), text));

  it("rounds a tie to the even digit, as C does", () => {
    assert.equal(formatDouble(123456789 + 1 / 512), "123456789.00195312");
    assert.equal(formatDouble(123456789 + 3 / 512), "123456789.00585938");
  });

  it("gives every double a text that is read as the same double", () => {
    fc.assert(fc.property(fc.double({ noNaN: true }), (value) => Object.is(parseDouble(formatDouble(value)), value)));
  });
});

describe("parseDouble", () => {
  const accepted: readonly (readonly [string, number])[] = [
    ["1.", 1],
    [".5", 0.5],
    ["+5", 5],
    ["1e+5", 100_000],
    ["-0", -0],
    ["0e-99999", 0],
    ["0x10", 16],
    ["0X1.8P+1", 3],
    ["-0x.8", -0.5],
    ["0x1p-1074", 5e-324],
    ["0x1.00000000000008p0", 1],
    ["0x1.000000000000080000000000000000000000000000000000000001p0", 1 + Number.EPSILON],
    ["inf", Infinity],
    ["+InFiNiTy", Infinity],
    ["-inf", -Infinity],
  ];
  for (const [text, value] of accepted) {
    it(`reads ${text}`, () => assert.ok(Object.is(parseDouble(text), value), `${parseDouble(text)}`));
  }

  const refused = ["", " 1", "1 ", ".", "1e", "e1", "0x", "0x.", "0x1p", "--1", "+-1", "1_0", "nan", "infi", "1\0"];
  const outOfRange = ["1e400", "-1e400", "1e-400", "0x1p1024", "0x1p-1076", "0x1p99999999999999999999"];
  for (const text of [...refused, ...outOfRange]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseDouble(text), undefined));
  }
});

describe("long doubles", () => {
  const sum = (a: string, b: string): string | undefined => {
    const [left, right] = [parseLongDouble(a), parseLongDouble(b)];
    assert.ok(left && right);
    const result = addLongDoubles(left, right);
    return result && formatLongDouble(result);
  };

  // What `INCRBYFLOAT` of redis-server 7.0.15 answers.
  const cases: readonly (readonly [string, string, string])[] = [
    ["0.1", "0.2", "0.3"],
    ["10.50", "0.1", "10.6"],
    ["5.0e3", "2.0e2", "5200"],
    ["3.0e3", "1.10000000000000001", "3001.10000000000000009"],
    ["9007199254740993", "0", "9007199254740993"],
    ["9223372036854775807", "1", "9223372036854775808"],
    ["1e20", "1", "100000000000000000000"],
    ["0", "1e-400", "0"],
    ["-1e-20", "0", "0"],
    ["1", "-1.5", "-0.5"],
    ["0", "0x1p3", "8"],
    ["1e22", "-1e22", "0"],
  ];
  for (const [a, b, text] of cases) it(`adds ${a} and ${b}`, () => assert.equal(sum(a, b), text));

  it("has no sum that is infinite", () => {
    assert.equal(sum("1.1e4932", "1.1e4932"), undefined);
    assert.equal(sum("inf", "1"), undefined);
    assert.equal(sum("inf", "-inf"), undefined);
  });

  it("refuses what Redis refuses", () => {
    for (const text of ["", "nan", "1e4933", "1e-4960", " 1", "1".repeat(5120), "1e99999999999999999999"]) {
      assert.equal(parseLongDouble(text), undefined, text.slice(0, 20));
    }
    assert.ok(parseLongDouble(`0.${"1".repeat(5117)}`));
  });
});
