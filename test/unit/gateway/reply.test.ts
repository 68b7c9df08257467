import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createPrng } from "../../../src/base/prng.ts";
import { REPLY_BYTES_MAX, Reply } from "../../../src/core/command/reply.ts";

function written(protocol: 2 | 3, write: (reply: Reply) => void): string {
  const reply = new Reply();
  reply.protocol = protocol;
  write(reply);
  return Buffer.from(reply.out.view()).toString("latin1");
}

describe("replies on the wire", () => {
  it("every integer and every length has the digits that it should have", () => {
    const edges = Array.from({ length: 17 }, (_, digits) => [10 ** digits - 1, 10 ** digits, 10 ** digits + 1]).flat();
    const prng = createPrng(1);
    const drawn = Array.from({ length: 20_000 }, () => Math.floor(prng.u32() / 2 ** prng.below(32)));
    for (const value of [...edges, ...drawn, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      assert.equal(
        written(2, (reply) => reply.integer(value)),
        `:${value}\r\n`,
      );
      assert.equal(
        written(2, (reply) => reply.integer(-value)),
        `:${value === 0 ? 0 : -value}\r\n`,
      );
      if (value < 2 ** 31) {
        assert.equal(
          written(2, (reply) => reply.array(value)),
          `*${value}\r\n`,
        );
      }
    }
    assert.equal(
      written(2, (reply) => reply.integer(-(2n ** 63n))),
      ":-9223372036854775808\r\n",
    );
  });

  it("the same in RESP2 and RESP3", () => {
    const write = (reply: Reply) => {
      reply.map(1);
      reply.bulk("k\xff");
      reply.set(2);
      reply.bool(true);
      reply.double(1.5);
      reply.null();
      reply.nullArray();
      reply.bulkOrNull(undefined);
      reply.verbatim("text");
      reply.push(0);
      reply.error("ERR a\r\nb\r\n");
    };
    assert.equal(
      written(2, write),
      "*2\r\n$2\r\nk\xff\r\n*2\r\n:1\r\n$3\r\n1.5\r\n$-1\r\n*-1\r\n$-1\r\n$4\r\ntext\r\n*0\r\n-ERR a  b\r\n",
    );
    assert.equal(
      written(3, write),
      "%1\r\n$2\r\nk\xff\r\n~2\r\n#t\r\n,1.5\r\n_\r\n_\r\n_\r\n=8\r\ntxt:text\r\n>0\r\n-ERR a  b\r\n",
    );
  });

  it("nothing is added to a reply that is too long", () => {
    const reply = new Reply();
    reply.out.length = REPLY_BYTES_MAX + 1;
    reply.bulk("x");
    reply.bulkBytes(Buffer.from("x"));
    reply.simple("x");
    assert.deepEqual([reply.out.length, reply.out.bytes.length], [REPLY_BYTES_MAX + 1, new Reply().out.bytes.length]);
  });
});
