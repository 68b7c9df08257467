import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkAcknowledged, type FinalContents } from "../../../sim/checker/acknowledged.ts";
import { findFalseEventualReads } from "../../../sim/checker/eventualReads.ts";
import { story, type Told } from "./story.ts";

type Contents = FinalContents["contents"];

const value = (text: string | null): Contents => ({ kind: "value", value: text });
const list = (...elements: string[]): Contents => ({ kind: "list", elements });
const set = (...elements: string[]): Contents => ({ kind: "set", elements });

/** The codes found when the replicas n1, n2, … ended with these contents. */
function codes(lines: readonly Told[], ...contents: Contents[]): string[] {
  const finals = contents.map((it, index) => ({ replica: `n${index + 1}`, key: "k", contents: it }));
  return checkAcknowledged(story(lines), finals).problems.map((it) => `${it.code} ${it.replica}`);
}

describe("elements", () => {
  const pushes: Told[] = [
    ["c1", "append a", 0, 1, "n1"],
    ["c1", "append b", 2, "?", "n1"],
    ["c1", "append c", 4, "refused", "n1"],
  ];

  test("an acknowledged one is on every replica, an unknown one may be", () => {
    assert.deepEqual(codes(pushes, list("a"), list("a")), []);
    assert.deepEqual(codes(pushes, list("b", "a"), list("b", "a")), []);
    assert.deepEqual(codes(pushes, set("a", "b"), set("b", "a")), []);
    assert.deepEqual(codes(pushes, list("a"), list()), ["lost n2", "divergent n2"]);
  });

  test("none is there twice, unasked or refused, and the order is the same", () => {
    assert.deepEqual(codes(pushes, list("a", "b", "b")), ["duplicated n1"]);
    assert.deepEqual(codes(pushes, list("a", "x")), ["ghost n1"]);
    assert.deepEqual(codes(pushes, list("a", "c")), ["refused n1"]);
    assert.deepEqual(codes(pushes, list("a", "b"), list("b", "a")), ["divergent n2"]);
  });

  test("the fate of what had no answer is counted", () => {
    const finals = [{ replica: "n1", key: "k", contents: list("a", "b") }];
    const more: Told[] = [...pushes, ["c2", "append d", 5, "?", "n1"]];
    const { acknowledged, unknown } = checkAcknowledged(story(more), finals);
    assert.deepEqual({ acknowledged, unknown }, { acknowledged: 1, unknown: { applied: 1, absent: 1, open: 0 } });
  });
});

describe("a register", () => {
  const writes: Told[] = [
    ["c1", "set a", 0, 1, "n1"],
    ["c1", "set b", 2, 5, "n1"],
    ["c2", "set c", 4, 7, "n1"],
    ["c3", "set d", 6, "?", "n1"],
    ["c3", "set e", 9, "refused", "n1"],
  ];

  test("ends with a write that no later one replaced", () => {
    assert.deepEqual(codes(writes, value("b")), []);
    assert.deepEqual(codes(writes, value("c")), []);
    assert.deepEqual(codes(writes, value("d")), []);
    assert.deepEqual(codes(writes, value("a")), ["lost n1", "lost n1"]);
    assert.deepEqual(codes(writes, value(null)), ["lost n1", "lost n1", "lost n1"]);
    assert.deepEqual(codes(writes, value("e")), ["refused n1"]);
    assert.deepEqual(codes(writes, value("x")), ["ghost n1"]);
    assert.deepEqual(codes(writes, value("b"), value("c")), ["divergent n2"]);
  });

  test("may be empty after a delete", () => {
    assert.deepEqual(
      codes(
        [
          ["c1", "set a", 0, 1, "n1"],
          ["c1", "delete yes", 2, 3, "n1"],
        ],
        value(null),
      ),
      [],
    );
    assert.deepEqual(
      codes(
        [
          ["c1", "set a", 0, 1, "n1"],
          ["c1", "delete yes", 2, "?", "n1"],
        ],
        value(null),
      ),
      [],
    );
    assert.deepEqual(
      codes(
        [
          ["c1", "delete yes", 0, 1, "n1"],
          ["c1", "set a", 2, 3, "n1"],
        ],
        value(null),
      ),
      ["lost n1"],
    );
    assert.deepEqual(
      codes(
        [
          ["c1", "set a", 0, 1, "n1"],
          ["c1", "delete yes", 2, 3, "n1"],
        ],
        value("a"),
      ),
      ["lost n1"],
    );
    assert.deepEqual(
      codes(
        [
          ["c1", "set a", 0, 1, "n1"],
          ["c1", "cas a b yes", 2, 3, "n1"],
        ],
        value("a"),
      ),
      ["lost n1"],
    );
    assert.deepEqual(
      codes(
        [
          ["c1", "set a", 0, 1, "n1"],
          ["c1", "cas x b no", 2, 3, "n1"],
        ],
        value("a"),
      ),
      [],
    );
  });
});

test("a counter lies between what was acknowledged and what was asked for, and its replies grow", () => {
  const counted: Told[] = [
    ["c1", "increment 1", 0, 1, "n1"],
    ["c1", "increment 0", 2, "?", "n1"],
    ["c2", "increment 3", 3, 4, "n1"],
  ];
  assert.deepEqual(codes(counted, value("2")), []);
  assert.deepEqual(codes(counted, value("3")), []);
  assert.deepEqual(codes(counted, value("1")), ["lost n1"]);
  assert.deepEqual(codes(counted, value(null)), ["lost n1"]);
  assert.deepEqual(codes(counted, value("4")), ["counter n1"]);
  assert.deepEqual(codes([...counted, ["c2", "increment 3", 5, 6, "n1"]], value("4")), ["counter n1", "counter n1"]);
});

test("an eventual read may be old, but not invented, refused or early", () => {
  const history = story([
    ["c1", "set a", 0, 1, "n1"],
    ["c1", "set b", 10, 11, "n1"],
    ["c1", "set c", 12, "refused", "n1"],
    ["c2", "eventual -", 20, 21, "n2"],
    ["c2", "eventual a", 20, 21, "n2"],
    ["c2", "eventual b", 5, 6, "n2"],
    ["c2", "eventual c", 20, 21, "n2"],
    ["c2", "eventual x", 20, 21, "n2"],
  ]);
  assert.deepEqual(
    findFalseEventualReads(history).map((it) => it.reply),
    ["b", "c", "x"],
  );
});
