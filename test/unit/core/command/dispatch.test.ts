import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DONE, QUEUED, REFUSED } from "../../../../src/core/command/dispatch.ts";
import { DispatchNode } from "./dispatchNode.ts";

describe("execute", () => {
  it("refuses requests in the words of Redis", () => {
    const node = new DispatchNode();
    node.follow(`
      > nosuch
      -ERR unknown command 'nosuch', with args beginning with:
      > NoSuch a b
      -ERR unknown command 'NoSuch', with args beginning with: 'a' 'b'
      > nosuch aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c
      -ERR unknown command 'nosuch', with args beginning with: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
      > ""
      -ERR unknown command '', with args beginning with:
      > object
      -ERR wrong number of arguments for 'object' command
      > OBJECT foo k
      -ERR unknown subcommand 'foo'. Try OBJECT HELP.
      > Object encoding
      -ERR wrong number of arguments for 'object|encoding' command
      > object encoding k
      $-1
      > gEt
      -ERR wrong number of arguments for 'get' command
      > GET a b
      -ERR wrong number of arguments for 'get' command
    `);
  });

  it("repeats an argument up to its first zero byte", () => {
    const node = new DispatchNode();
    const text = "-ERR unknown command 'no', with args beginning with: 'a' 'c'";
    assert.equal(node.run(["no\0such", "a\0b", "c"]), text);
    assert.equal(node.run(["x\r\ny"]), "-ERR unknown command 'x  y', with args beginning with:");
  });

  it("takes keys of 64 KiB with any value, and refuses longer ones", () => {
    const node = new DispatchNode();
    const key = "k".repeat(64 * 1024);
    for (const length of [0, 3, 5_000, 32 * 1024, 32 * 1024 + 1, 200_000]) {
      assert.equal(node.run(["SET", key, "v".repeat(length)]), "+OK");
      assert.equal(node.run(["STRLEN", key]), `:${length}`);
      assert.equal(node.run(["PEXPIRE", key, "100000"]), ":1");
    }
    const refusal = "-ERR key exceeds maximum allowed size (65536 bytes)";
    assert.equal(node.run(["SET", `${key}k`, "v"]), refusal);
    assert.equal(node.run(["MSET", "a", "v", `${key}k`, "v"]), refusal);
    assert.equal(node.run(["ZUNIONSTORE", "a", "1", `${key}k`]), refusal);
    assert.equal(node.run(["GET", `${key}k`]), "$-1");
    assert.equal(node.run(["ZADD", "z", "1", `${key}k`]), ":1");
  });

  it("closes the connection of a browser", () => {
    for (const word of ["POST", "Host:"]) {
      const node = new DispatchNode();
      assert.equal(node.line(`${word} /`), "");
      assert.equal(node.outcome, REFUSED);
      assert.ok(node.session().closing);
    }
  });

  it("asks for a password before everything but unknown commands and counts", () => {
    const node = new DispatchNode();
    node.session().authenticated = false;
    assert.equal(node.line("GET k"), "-NOAUTH Authentication required.");
    assert.equal(node.outcome, REFUSED);
    assert.match(node.line("nosuch"), /^-ERR unknown command/);
    assert.match(node.line("GET"), /^-ERR wrong number/);
    assert.equal(node.line("OPEN"), "+OK");
    const discarded = "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.";
    assert.equal(node.line("EXEC"), discarded);
  });

  it("knows commands that no transaction takes, and commands that do not wait for EXEC", () => {
    const node = new DispatchNode();
    assert.equal(node.line("ALONE"), "+OK");
    node.line("MULTI");
    assert.equal(node.line("QUIT"), "+OK");
    assert.equal(node.outcome, DONE);
    assert.equal(node.line("GET k"), "+QUEUED");
    assert.equal(node.outcome, QUEUED);
    assert.equal(node.line("ALONE"), "-ERR Command not allowed inside a transaction");
    assert.match(node.line("EXEC"), /^-EXECABORT/);
  });

  it("refuses writes, and transactions with writes, while they cannot be kept", () => {
    const node = new DispatchNode();
    const full = "ERR the disk is full";
    node.line("SET k v");
    node.line("MULTI", node.session("a"));
    node.line("SET k w", node.session("a"));
    node.line("MULTI", node.session("b"));
    node.line("GET k", node.session("b"));
    node.writesRefused = full;
    assert.equal(node.line("SET k w"), `-${full}`);
    assert.equal(node.line("GET k"), "$1 v");
    assert.equal(node.line("EXEC", node.session("a")), "-EXECABORT Transaction discarded because of: the disk is full");
    assert.equal(node.line("EXEC", node.session("b")), "*1 $1 v");
    assert.equal(node.entries, 1);
  });
});
