import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createPrng, type Prng } from "../../../src/base/prng.ts";
import { ChunkedParse, parseChunks } from "../../fuzz/chunkedParse.ts";
import { type ParsedStream, parseReference } from "../../fuzz/referenceParser.ts";
import { streams } from "./requestStreams.ts";

const LIMITS = { bulkBytesMax: 1 << 20, authenticated: true };
const UNLIMITED = { bulkBytesMax: 512 << 20, authenticated: true };
const STRANGER = { bulkBytesMax: 512 << 20, authenticated: false };
/** Up to this length every set of cuts is tried. */
const EXHAUSTIVE_BYTES_MAX = 14;

function parse(stream: string, limits = UNLIMITED): ParsedStream {
  return plainly(parseChunks(Buffer.from(stream, "latin1"), [], limits));
}

function plainly({ requests, error }: ParsedStream): ParsedStream {
  return { requests, error };
}

function array(texts: readonly string[]): string {
  return `*${texts.length}\r\n${texts.map((text) => `$${text.length}\r\n${text}\r\n`).join("")}`;
}

/** Cuts at random places, often next to each other. */
function randomCuts(prng: Prng, length: number): number[] {
  const cuts = new Set<number>();
  for (let left = prng.between(0, 12); left > 0; left--) {
    const at = prng.below(length + 1);
    for (let i = 0; i < prng.between(1, 4); i++) cuts.add(Math.min(length, at + i));
  }
  return [...cuts].sort((a, b) => a - b);
}

describe("a stream comes to the same however it is cut", () => {
  for (const stream of streams) {
    it(JSON.stringify(stream), () => {
      const bytes = Buffer.from(stream, "latin1");
      const expected = parseReference(stream, LIMITS);
      for (const cuts of allCuts(bytes.length)) {
        assert.deepEqual(plainly(parseChunks(bytes, cuts, LIMITS)), expected, `cut at ${cuts}`);
      }
    });
  }

  it("every two cuts of streams up to 64 bytes, and of two streams one after the other", () => {
    for (const [i, stream] of streams.entries()) {
      const both = `${array(["ECHO", "first"])}${stream}${streams[(i + 1) % streams.length]}`.slice(0, 64);
      const bytes = Buffer.from(both, "latin1");
      const expected = parseReference(both, LIMITS);
      for (let first = 0; first <= bytes.length; first++) {
        for (let second = first; second <= bytes.length; second++) {
          assert.deepEqual(
            plainly(parseChunks(bytes, [first, second], LIMITS)),
            expected,
            `cut at ${first}, ${second}`,
          );
        }
      }
    }
  });

  it("random cuts of long streams, with few requests executed in a turn", () => {
    const prng = createPrng(1);
    for (let round = 0; round < 300; round++) {
      const stream = randomStream(prng);
      const bytes = Buffer.from(stream, "latin1");
      const expected = parseReference(stream, UNLIMITED);
      const parse = new ChunkedParse(UNLIMITED);
      let from = 0;
      for (const to of [...randomCuts(prng, bytes.length), bytes.length]) {
        const chunk = bytes.subarray(from, to);
        parse.feed(Uint8Array.from(chunk), prng.between(0, 5));
        from = to;
      }
      parse.continue();
      assert.deepEqual(plainly(parse), expected, `round ${round}`);
    }
  });

  it("lines of about 64 KiB", () => {
    for (const start of ["", "*", "*1\r\n$", "*1\r\nx"]) {
      for (const end of ["\r\n", "\n", "\r", "", "\0\r\n"]) {
        for (let excess = -3; excess <= 3; excess++) {
          const stream = `${start}${"1".repeat(65_536 + excess)}${end}`;
          const expected = parseReference(stream, UNLIMITED);
          for (const cut of [0, 5, 65_536, 65_537, stream.length - 2, stream.length - 1]) {
            const parsed = parseChunks(Buffer.from(stream, "latin1"), [Math.min(cut, stream.length)], UNLIMITED);
            assert.deepEqual(plainly(parsed), expected, `${JSON.stringify([start, end])}, ${excess}, ${cut}`);
          }
        }
      }
    }
  });
});

/** Every set of cuts of a short stream; of a longer one every single cut, every byte alone, and many random sets. */
function* allCuts(length: number): Generator<readonly number[]> {
  if (length <= EXHAUSTIVE_BYTES_MAX) {
    for (let set = 0; set < 2 ** (length - 1); set++) {
      yield Array.from({ length: length - 1 }, (_, i) => i + 1).filter((at) => (set >> (at - 1)) & 1);
    }
    return;
  }
  yield Array.from({ length }, (_, at) => at);
  for (let at = 0; at <= length; at++) yield [at];
  const prng = createPrng(length);
  for (let i = 0; i < 500; i++) yield randomCuts(prng, length);
}

function randomStream(prng: Prng): string {
  let stream = "";
  for (let left = prng.between(1, 40); left > 0; left--) {
    const sizes = Array.from({ length: prng.between(1, 20) }, () => prng.below(prng.pick([3, 30, 300, 30_000])));
    if (prng.chance(1, 6)) stream += "PING inline 'and more'\r\n";
    else stream += array(sizes.map((size) => "\r\n*$1x"[prng.below(6)]!.repeat(size)));
  }
  return stream;
}

describe("requests", () => {
  it("a pipeline of arrays and inline commands", () => {
    const stream = `${array(["SET", "k", "v"])}GET k\r\n${array(["PING"])}\r\n\n ${array(["x"])}`;
    const stranger = parse(stream);
    assert.deepEqual(stranger.requests.slice(0, 3), [["SET", "k", "v"], ["GET", "k"], ["PING"]]);
    // A space before the star makes it an inline command.
    assert.deepEqual(stranger.requests.slice(3), [["*1"], ["$1"], ["x"]]);
  });

  it("10,000 requests in one chunk", () => {
    const { requests } = parse(Array.from({ length: 10_000 }, (_, i) => array(["ECHO", String(i)])).join(""));
    assert.equal(requests.length, 10_000);
    assert.deepEqual(requests[9_999], ["ECHO", "9999"]);
  });

  it("bytes of every value, line ends and nothing in arguments", () => {
    const every = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    assert.deepEqual(parse(array(["SET", every, "", "\r\n"])).requests, [["SET", every, "", "\r\n"]]);
  });

  it("a million arguments", () => {
    const texts = Array.from({ length: 1_000_000 }, (_, i) => String(i % 10));
    const stream = Buffer.from(array(texts), "latin1");
    const cuts = Array.from({ length: Math.floor(stream.length / 65_536) }, (_, i) => (i + 1) * 65_536);
    const parsed = parseChunks(stream, cuts, UNLIMITED);
    assert.deepEqual(parsed.requests[0], texts);
    assert.ok(parsed.args.starts.length <= 4096, "the room for a million places is given back");
  });
});

describe("what is refused", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["*1\r\n$536870913\r\n", "invalid bulk length"],
    ["*1\r\n$-1\r\n", "invalid bulk length"],
    ["*2147483648\r\n", "invalid multibulk length"],
    ["*1\r\nPING\r\n", "expected '$', got 'P'"],
    ["SET 'a\r\n", "unbalanced quotes in request"],
    ["x".repeat(65_537), "too big inline request"],
    [`*${"1".repeat(65_536)}`, "too big mbulk count string"],
    [`*1\r\n$${"1".repeat(65_536)}`, "too big bulk count string"],
  ];
  for (const [stream, text] of cases) {
    it(`${JSON.stringify(stream.slice(0, 30))}: ${text}`, () => {
      const { requests, error } = parse(`PING\r\n${stream}`);
      assert.deepEqual([requests, error], [[["PING"]], `Protocol error: ${text}`]);
    });
  }

  it("what strangers may not send", () => {
    assert.equal(parse("*11\r\n", STRANGER).error, "Protocol error: unauthenticated multibulk length");
    assert.equal(parse("*1\r\n$16385\r\n", STRANGER).error, "Protocol error: unauthenticated bulk length");
    assert.equal(parse("*10\r\n$16384\r\n", STRANGER).error, undefined);
    const request = [...Array(9).fill("a"), "b".repeat(16_384)];
    assert.deepEqual(parse(array(request), STRANGER).requests, [request]);
  });

  it("a password given in the stream counts for what follows it", () => {
    const limits = { ...STRANGER };
    const parser = new ChunkedParse(limits);
    parser.feed(Buffer.from(`${array(["AUTH", "x"])}${array(Array(11).fill("a"))}`), 1);
    limits.authenticated = true;
    parser.continue();
    assert.equal(parser.error, undefined);
    assert.equal(parser.requests.length, 2);
  });
});

describe("memory and time", () => {
  it("is held for what has arrived, not for what was announced", () => {
    const parses = Array.from({ length: 1000 }, () => new ChunkedParse(UNLIMITED));
    for (const each of parses) each.feed(Buffer.from("*2147483647\r\n$536870912\r\nabc"));
    const held = parses.map(({ parser }) => parser.bufferedBytes + parser.freeBytes);
    assert.ok(Math.max(...held) <= 1024, `${Math.max(...held)} bytes`);
  });

  it("grows in proportion to what has arrived and is given back", () => {
    const parse = new ChunkedParse(UNLIMITED);
    const chunk = Buffer.alloc(65_536, "x");
    parse.feed(Buffer.from(`*2\r\n$3\r\nSET\r\n$${64 << 20}\r\n`));
    for (let received = 0; received < 64 << 20; received += chunk.length) {
      const { bufferedBytes, freeBytes } = parse.parser;
      assert.ok(bufferedBytes + freeBytes <= 2 * bufferedBytes + 1024, `${freeBytes} free beside ${bufferedBytes}`);
      parse.feed(chunk);
    }
    parse.feed(Buffer.from("\r\n*1\r\n"));
    assert.equal(parse.requests[0]![1]!.length, 64 << 20);
    assert.ok(parse.parser.bufferedBytes + parse.parser.freeBytes < 1024);
  });

  it("a value in 64 KiB chunks takes time in proportion to its length", () => {
    // Copying all that came with every chunk would move 32 GiB, which takes seconds of the processor.
    const long = Math.min(millisFor(64 << 20), millisFor(64 << 20));
    assert.ok(long < 2000, `${long} ms of the processor for 64 MiB`);
  });

  it("a line that comes byte by byte is searched once", () => {
    const parse = new ChunkedParse(UNLIMITED);
    const started = performance.now();
    for (let i = 0; i < 65_536; i++) parse.feed(Buffer.from("x"));
    assert.equal(parse.error, undefined);
    parse.feed(Buffer.from("x"));
    assert.equal(parse.error, "Protocol error: too big inline request");
    assert.ok(performance.now() - started < 10_000, `${performance.now() - started} ms`);
  });
});

function millisFor(length: number): number {
  const parse = new ChunkedParse(UNLIMITED);
  const chunk = Buffer.alloc(65_536, "x");
  const started = process.cpuUsage();
  parse.feed(Buffer.from(`*2\r\n$3\r\nSET\r\n$${length}\r\n`));
  for (let received = 0; received < length; received += chunk.length) parse.feed(chunk);
  parse.feed(Buffer.from("\r\n"));
  const { user, system } = process.cpuUsage(started);
  assert.equal(parse.requests.length, 1);
  return (user + system) / 1000;
}
