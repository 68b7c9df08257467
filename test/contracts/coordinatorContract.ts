import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makePath } from "../../src/coordination/makePath.ts";
import { ZNODE_BYTES_MAX } from "../../src/coordination/znodePath.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import { type CoordinatorUnderTest, code, connected, durable, session, until, value } from "./coordinatorRig.ts";

/** What every `Coordinator` does while nothing fails, whatever it is made of. */
export function coordinatorContract(
  name: string,
  make: () => Promise<CoordinatorUnderTest>,
  skip: string | false = false,
): void {
  describe(`the contract of a coordinator: ${name}`, { skip }, () => {
    let made: CoordinatorUnderTest;
    let one: Coordinator;
    let other: Coordinator;
    let places = 0;

    before(async () => {
      made = await make();
      one = await connected(made.connect());
      other = await connected(made.connect());
    });
    after(() => made.dispose());

    /** A znode of its own for each test. */
    const place = async (): Promise<string> => {
      const path = `/contract/place${++places}`;
      await value(makePath(one, path));
      return path;
    };

    test("a znode is made once, below one that is there", async () => {
      const path = await place();
      assert.equal(await value(one.create(`${path}/a`, "first", durable)), `${path}/a`);
      assert.equal(await code(one.create(`${path}/a`, "again", durable)), "exists");
      assert.equal(await code(one.create(`${path}/b/c`, "", durable)), "no_node");
      assert.deepEqual(await value(one.get(`${path}/a`)), { data: "first", version: 0 });
      assert.equal(await code(one.get(`${path}/b`)), "no_node");
      assert.equal(await value(one.exists(`${path}/a`)), true);
      assert.equal(await value(one.exists(`${path}/b`)), false);
    });

    test("a path is made with all that is above it, and may be made again", async () => {
      const path = await place();
      await value(makePath(one, `${path}/a/b/c`));
      await value(makePath(one, `${path}/a/b/c/d`));
      assert.deepEqual(await value(one.children(`${path}/a/b/c`)), ["d"]);
      await value(makePath(one, "/"));
    });

    test("children are told by name, sorted", async () => {
      const path = await place();
      for (const name of ["b", "c", "a"]) await value(one.create(`${path}/${name}`, "", durable));
      assert.deepEqual(await value(one.children(path)), ["a", "b", "c"]);
      assert.deepEqual(await value(one.children(`${path}/a`)), []);
      assert.equal(await code(one.children(`${path}/d`)), "no_node");
    });

    test("data are replaced by version, and never blindly", async () => {
      const path = await place();
      assert.equal(await value(one.replace(path, "1", 0)), 1);
      assert.equal(await value(one.replace(path, "2", 1)), 2);
      assert.equal(await code(one.replace(path, "3", 0)), "bad_version");
      assert.equal(await code(one.replace(path, "3", 3)), "bad_version");
      assert.equal(await code(one.replace(`${path}/no`, "3", 0)), "no_node");
      for (const version of [-1, 0.5, Number.NaN]) {
        assert.equal(await code(one.replace(path, "3", version)), "invalid");
        assert.equal(await code(one.delete(path, version)), "invalid");
      }
      assert.deepEqual(await value(one.get(path)), { data: "2", version: 2 });
    });

    test("a znode is deleted by version, when it has no children", async () => {
      const path = await place();
      await value(one.create(`${path}/a`, "", durable));
      assert.equal(await code(one.delete(path, 0)), "not_empty");
      assert.equal(await code(one.delete(`${path}/a`, 1)), "bad_version");
      await value(one.delete(`${path}/a`, 0));
      assert.equal(await code(one.delete(`${path}/a`, 0)), "no_node");
      await value(one.delete(path, 0));
      assert.equal(await code(one.delete("/", 0)).then((answer) => answer !== "ok"), true);
    });

    test("what is made again starts at version 0", async () => {
      const path = await place();
      await value(one.replace(path, "x", 0));
      await value(one.delete(path, 1));
      await value(one.create(path, "y", durable));
      assert.deepEqual(await value(one.get(path)), { data: "y", version: 0 });
    });

    test("paths that cannot be are refused", async () => {
      const paths = [
        "",
        "a",
        "/a/",
        "//a",
        "/a//b",
        "/a/./b",
        "/a/..",
        "/a\u0000",
        "/a\u0085",
        "/\ud800",
        "/😀",
        `/${"x".repeat(5000)}`,
      ];
      for (const path of paths) {
        assert.equal(await code(one.get(path)), "invalid", JSON.stringify(path));
        assert.equal(await code(one.exists(path)), "invalid");
        assert.equal(await code(one.children(path)), "invalid");
        assert.equal(await code(one.create(path, "", durable)), "invalid");
        assert.equal(await code(one.multi([{ op: "check", path, version: 0 }])), "invalid");
      }
    });

    test("data are any Unicode text up to the limit", async () => {
      const path = await place();
      const texts = ["", "\u0000\u001f\ufffe", "ä€😀", "x".repeat(ZNODE_BYTES_MAX), "€".repeat(ZNODE_BYTES_MAX / 3)];
      for (const [version, text] of texts.entries()) {
        await value(one.replace(path, text, version));
        assert.ok((await value(one.get(path))).data === text);
      }
      assert.equal(await code(one.replace(path, "x".repeat(ZNODE_BYTES_MAX + 1), texts.length)), "invalid");
      assert.equal(await code(one.replace(path, "half \ud83d", texts.length)), "invalid");
    });

    test("a path may have letters of every kind", async () => {
      const path = await place();
      await value(one.create(`${path}/grüße-你好`, "", durable));
      assert.deepEqual(await value(other.children(path, { sync: true })), ["grüße-你好"]);
    });

    test("sequential znodes get rising numbers, which are not used again", async () => {
      const path = await place();
      const make = () => value(one.create(`${path}/m-`, "", { kind: "durable", sequential: true }));
      const paths = [await make(), await make()];
      await value(one.delete(paths[1]!, 0));
      paths.push(await make());
      for (const made of paths) assert.match(made, /\/m-\d{10}$/);
      assert.deepEqual([...paths].sort(), paths);
      assert.equal(new Set(paths).size, 3);
      assert.equal((await value(one.children(path))).length, 2);
    });

    test("a session's znodes have its name, no children, and end with it", async () => {
      const path = await place();
      const leaving = await connected(made.connect());
      const mine = await value(leaving.create(`${path}/w-`, "here", { kind: "session", sequential: true }));
      await value(leaving.create(`${path}/w1`, "", session));
      assert.deepEqual(await value(other.get(`${path}/w1`, { sync: true })), {
        data: "",
        version: 0,
        owner: leaving.session.id!,
      });
      assert.notEqual(leaving.session.id, other.session.id);
      assert.equal(await code(other.create(`${path}/w1`, "", session)), "exists");
      assert.equal(await code(leaving.create(`${path}/w1/a`, "", durable)), "no_children_for_ephemerals");
      assert.equal(await value(leaving.replace(mine, "still", 0)), 1);
      await leaving.close();
      assert.deepEqual(await value(other.children(path, { sync: true })), []);
    });

    test("several operations are executed as one", async () => {
      const path = await place();
      const results = await value(
        one.multi([
          { op: "check", path, version: 0 },
          { op: "create", path: `${path}/a`, data: "1", kind: "durable" },
          { op: "create", path: `${path}/a/s-`, data: "", kind: "session", sequential: true },
          { op: "replace", path: `${path}/a`, data: "2", version: 0 },
          { op: "create", path: `${path}/b`, data: "", kind: "durable" },
          { op: "delete", path: `${path}/b`, version: 0 },
          { op: "check", path: `${path}/a`, version: 1 },
        ]),
      );
      const sequential = results[2] as { readonly op: string; readonly path: string };
      assert.match(sequential.path, /\/a\/s-\d{10}$/);
      assert.deepEqual(results, [
        { op: "check" },
        { op: "create", path: `${path}/a` },
        { op: "create", path: sequential.path },
        { op: "replace", version: 1 },
        { op: "create", path: `${path}/b` },
        { op: "delete" },
        { op: "check" },
      ]);
      assert.deepEqual(await value(other.children(path, { sync: true })), ["a"]);
      assert.deepEqual(await value(one.multi([])), []);
    });

    test("of several operations all are refused if one is, and which one is told", async () => {
      const path = await place();
      await value(one.create(`${path}/a`, "", durable));
      await value(one.replace(`${path}/a`, "x", 0));
      const cases = [
        { operation: { op: "check", path: `${path}/a`, version: 0 }, expected: "bad_version" },
        { operation: { op: "replace", path: `${path}/a`, data: "", version: 0 }, expected: "bad_version" },
        { operation: { op: "delete", path: `${path}/a`, version: 0 }, expected: "bad_version" },
        { operation: { op: "check", path: `${path}/no`, version: 0 }, expected: "no_node" },
        { operation: { op: "create", path: `${path}/a`, data: "", kind: "durable" }, expected: "exists" },
        { operation: { op: "delete", path, version: 0 }, expected: "not_empty" },
        { operation: { op: "check", path, version: -1 }, expected: "invalid" },
      ] as const;
      for (const { operation, expected } of cases) {
        const refused = await one.multi([
          { op: "create", path: `${path}/b`, data: "", kind: "durable" },
          operation,
          { op: "create", path: `${path}/c`, data: "", kind: "durable" },
        ]);
        assert.ok(!refused.ok);
        assert.equal(refused.error.code, expected);
        assert.equal(refused.error.index, 1);
      }
      assert.deepEqual(await value(one.children(path)), ["a"]);
      const tooMuch = Array.from({ length: 3 }, (_, index) => {
        return {
          op: "create",
          path: `${path}/b${index}`,
          data: "x".repeat(ZNODE_BYTES_MAX / 2),
          kind: "durable",
        } as const;
      });
      assert.equal(await code(one.multi(tooMuch)), "invalid");
    });

    test("a synced read knows what was acknowledged to anybody before", async () => {
      const path = await place();
      for (let version = 0; version < 20; version++) {
        const [writer, reader] = version % 2 === 0 ? [one, other] : [other, one];
        await value(writer.replace(path, String(version), version));
        assert.deepEqual(await value(reader.get(path, { sync: true })), {
          data: String(version),
          version: version + 1,
        });
        await value(writer.create(`${path}/${version}`, "", durable));
        assert.equal(await value(reader.exists(`${path}/${version}`, { sync: true })), true);
        assert.equal((await value(reader.children(path, { sync: true }))).length, version + 1);
      }
    });

    test("what one caller asks is done in that order, without waiting", async () => {
      const path = await place();
      const replaced = Array.from({ length: 50 }, (_, version) => one.replace(path, `v${version}`, version));
      const read = one.get(path);
      for (const [index, pending] of replaced.entries()) assert.equal(await value(pending), index + 1);
      assert.deepEqual(await value(read), { data: "v49", version: 50 });
    });

    test("of those who replace the same version, one does", async () => {
      const path = await place();
      const clients = [one, other, await connected(made.connect())];
      for (let version = 0; version < 10; version++) {
        const codes = await Promise.all(
          clients.map((client, index) => code(client.replace(path, `${index}`, version))),
        );
        assert.deepEqual(codes.sort(), ["bad_version", "bad_version", "ok"]);
      }
    });

    test("a watch is called once when what was read has changed", async () => {
      const path = await place();
      const called: string[] = [];
      const watch = (name: string) => ({ sync: true, watch: () => called.push(name) });
      await value(one.get(path, watch("data")));
      await value(one.exists(path, watch("there")));
      await value(one.exists(`${path}/a`, watch("absent")));
      await value(one.children(path, watch("children")));
      await value(other.create(`${path}/a`, "", durable));
      await until("the new child was told", () => called.length === 2);
      assert.deepEqual(called.splice(0).sort(), ["absent", "children"]);
      await value(one.get(`${path}/a`, watch("child")));
      await value(one.children(`${path}/a`, watch("its children")));
      await value(other.replace(path, "x", 0));
      await value(other.replace(path, "y", 1));
      await until("the change was told", () => called.length === 2);
      assert.deepEqual(called.splice(0).sort(), ["data", "there"]);
      await value(one.children(path, watch("children again")));
      await value(other.delete(`${path}/a`, 0));
      await until("the end was told", () => called.length === 3);
      assert.deepEqual(called.sort(), ["child", "children again", "its children"]);
    });

    test("a watch left twice is called once, and one's own change is told as well", async () => {
      const path = await place();
      let calls = 0;
      const watch = (): void => void calls++;
      await value(one.get(path, { watch }));
      await value(one.get(path, { watch }));
      await value(one.replace(path, "x", 0));
      await until("it was told", () => calls > 0);
      await value(one.replace(path, "y", 1));
      await value(one.get(path, { sync: true }));
      assert.equal(calls, 1);
    });

    test("a read that fails leaves no watch", async () => {
      const path = await place();
      const called: string[] = [];
      assert.equal(await code(one.get(`${path}/a`, { watch: () => called.push("get") })), "no_node");
      assert.equal(await code(one.children(`${path}/a`, { watch: () => called.push("children") })), "no_node");
      await value(one.exists(`${path}/a`, { watch: () => called.push("exists") }));
      await value(other.create(`${path}/a`, "", durable));
      await until("it was told", () => called.length > 0);
      await value(one.get(path, { sync: true }));
      assert.deepEqual(called, ["exists"]);
    });

    test("the end of another's session is told", async () => {
      const path = await place();
      const leaving = await connected(made.connect());
      await value(leaving.create(`${path}/w`, "", session));
      let calls = 0;
      assert.deepEqual(await value(one.children(path, { sync: true, watch: () => void calls++ })), ["w"]);
      await leaving.close();
      await until("it was told", () => calls > 0);
      assert.deepEqual(await value(one.children(path)), []);
    });

    test("after close nothing is asked any more, and no watch called", async () => {
      const path = await place();
      const leaving = await connected(made.connect());
      let calls = 0;
      await value(leaving.get(path, { watch: () => void calls++ }));
      const asked = leaving.replace(path, "last", 0);
      const closing = leaving.close();
      assert.equal(leaving.session.state, "closed");
      await closing;
      await leaving.close();
      assert.equal(await code(asked), "ok");
      assert.equal(await code(leaving.get(path)), "closed");
      assert.equal(await code(leaving.create(`${path}/a`, "", durable)), "closed");
      assert.equal(await code(leaving.multi([])), "closed");
      await value(one.replace(path, "x", 1));
      await value(one.get(path, { sync: true }));
      assert.equal(calls, 0);
    });
  });
}
