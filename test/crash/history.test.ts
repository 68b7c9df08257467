import assert from "node:assert/strict";
import { test } from "node:test";
import { History, type Observation } from "./history.ts";
import type { Command, KeySpace } from "./model.ts";
import { applyCommand } from "./model.ts";
import { SharedCounter, SharedList } from "./sharedHistory.ts";

const NOW_MILLIS = 1_000_000;

function observed(...commands: Command[]): Observation {
  const keys: KeySpace = new Map();
  for (const command of commands) applyCommand(keys, command);
  return { keys, beganMillis: NOW_MILLIS, endedMillis: NOW_MILLIS + 10 };
}

const SET_A1 = ["SET", "a", "1"];
const SET_A2 = ["SET", "a", "2"];
const SET_B1 = ["SET", "b", "1"];
const SET_B2 = ["SET", "b", "2"];

/** A history with `a` and `b` at 1, acknowledged. */
function twoKeys(): History {
  const history = new History("test");
  for (const command of [SET_A1, SET_B1]) history.acknowledge(history.send([command]), ["OK"]);
  return history;
}

test("what was acknowledged must be there, as it was", () => {
  assert.equal(twoKeys().settle(observed(SET_A1, SET_B1)), undefined);
  assert.match(twoKeys().settle(observed(SET_A1)) ?? "", /key b should be .* found absent/);
  assert.match(twoKeys().settle(observed(SET_A1, SET_B2)) ?? "", /key b/);
});

test("an unknown write may be there or not, and afterwards it is known", () => {
  for (const happened of [false, true]) {
    const history = twoKeys();
    history.send([SET_A2]);
    const found = observed(happened ? SET_A2 : SET_A1, SET_B1);
    assert.equal(history.settle(found), undefined);
    assert.equal(history.settle(found), undefined);
    assert.match(history.settle(observed(happened ? SET_A1 : SET_A2, SET_B1)) ?? "", /key a/);
  }
});

test("of unknown writes the first few must have happened, not the last", () => {
  const history = twoKeys();
  history.send([SET_A2]);
  history.send([SET_B2]);
  assert.match(history.settle(observed(SET_A1, SET_B2)) ?? "", /key/);
});

test("half a transaction is found", () => {
  const history = twoKeys();
  history.send([SET_A2, SET_B2], true);
  assert.match(history.settle(observed(SET_A2, SET_B1)) ?? "", /key/);
});

test("a refused write must not show, a deleted key must not come back, a command must not happen twice", () => {
  const refused = twoKeys();
  refused.refuse(refused.send([SET_A2]));
  assert.match(refused.settle(observed(SET_A2, SET_B1)) ?? "", /key a/);
  const deleted = twoKeys();
  deleted.acknowledge(deleted.send([["DEL", "a"]]), [1]);
  assert.match(deleted.settle(observed(SET_A1, SET_B1)) ?? "", /key a should be absent/);
  const pushed = new History("test");
  pushed.send([["RPUSH", "l", "x"]]);
  assert.match(pushed.settle(observed(["RPUSH", "l", "x", "x"])) ?? "", /key l/);
});

test("an unknown write that another connection has read must not be lost", () => {
  const history = twoKeys();
  history.see(history.send([SET_A2]).number);
  assert.match(history.settle(observed(SET_A1, SET_B1)) ?? "", /had been read/);
});

test("a reply that does not follow from the writes before it is found", () => {
  const history = twoKeys();
  assert.match(history.acknowledge(history.send([["INCRBY", "a", "5"]]), [5]) ?? "", /answered \[5\], not \[6\]/);
});

test("a key with an end must be gone after it and there before it", () => {
  const past = ["SET", "a", "1", "PXAT", String(NOW_MILLIS - 1)];
  const future = ["SET", "a", "1", "PXAT", String(NOW_MILLIS + 100)];
  for (const [command, mayBeThere] of [
    [past, false],
    [future, true],
  ] as const) {
    const history = new History("test");
    history.acknowledge(history.send([command]), ["OK"]);
    assert.equal(history.settle(observed(command)) === undefined, mayBeThere);
    assert.equal(history.settle(observed()) === undefined, !mayBeThere);
  }
});

test("a shared counter lies between acknowledged and sent", () => {
  for (const [value, isRight] of [
    [1, false],
    [2, true],
    [3, true],
    [4, false],
  ] as const) {
    const counter = new SharedCounter("c");
    for (let i = 0; i < 3; i++) counter.send();
    counter.acknowledge(1);
    counter.acknowledge(2);
    counter.lose();
    assert.equal(counter.settle(value) === undefined, isRight, `${value}`);
  }
  const twice = new SharedCounter("c");
  twice.acknowledge(1);
  assert.match(twice.acknowledge(1) ?? "", /both answered 1/);
});

test("a shared list keeps its elements, their places and each writer's order", () => {
  const listWith = () => {
    const list = new SharedList("l");
    list.acknowledge("0-1", 1);
    list.acknowledge("1-2", 2);
    list.lose("0-3");
    list.lose("0-4");
    return list;
  };
  for (const right of [
    ["0-1", "1-2"],
    ["0-1", "1-2", "0-3"],
    ["0-1", "1-2", "0-3", "0-4"],
  ]) {
    assert.equal(listWith().settle(right), undefined);
  }
  for (const wrong of [
    ["0-1"],
    ["1-2", "0-1"],
    ["0-1", "1-2", "0-4", "0-3"],
    ["0-1", "1-2", "0-3", "0-3"],
    ["0-1", "1-2", "2-9"],
  ]) {
    assert.match(listWith().settle(wrong) ?? "", /^l: /);
  }
});
