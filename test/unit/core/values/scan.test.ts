import assert from "node:assert/strict";
import { test } from "node:test";
import type { Collection } from "../../../../src/core/state/values/collection.ts";
import { HashValue } from "../../../../src/core/state/values/hashValue.ts";
import { SetValue } from "../../../../src/core/state/values/setValue.ts";
import { ZSetValue } from "../../../../src/core/state/values/zsetValue.ts";
import { copyOf, PieceDisk, randomFrom } from "./support.ts";

/** What the three types have in common for a scan. */
interface Scanned<T extends Collection> {
  create: () => T;
  add: (value: T, member: string, salt: number) => void;
  remove: (value: T, member: string) => boolean;
  scan: (value: T, cursor: number, count: number, visit: (member: string) => void) => number;
}

const hashes: Scanned<HashValue> = {
  create: () => new HashValue(),
  add: (value, member, salt) => value.set(member, `${salt}`),
  remove: (value, member) => value.delete(member),
  scan: (value, cursor, count, visit) => value.scan(cursor, count, (field) => visit(field)),
};

const sets: Scanned<SetValue> = {
  create: () => new SetValue(),
  add: (value, member) => value.add(member),
  remove: (value, member) => value.delete(member),
  scan: (value, cursor, count, visit) => value.scan(cursor, count, visit),
};

const zsets: Scanned<ZSetValue> = {
  create: () => new ZSetValue(),
  add: (value, member, salt) => value.add(member, salt),
  remove: (value, member) => value.delete(member),
  scan: (value, cursor, count, visit) => value.scan(cursor, count, (member) => visit(member)),
};

/** One whole iteration while members come and go; nothing that was there all the time may be missed. */
function scanOnce<T extends Collection>(kind: Scanned<T>, start: T, present: Set<string>, seed: number): T {
  const random = randomFrom(seed);
  const mustSee = new Set(present);
  const seen = new Set<string>();
  const growing = random(3);
  const disk = new PieceDisk();
  let value = start;
  if (random(2) === 0) value.beginPieces();
  let cursor = 0;
  let steps = 0;
  do {
    cursor = kind.scan(value, cursor, 1 + random(20), (member) => {
      assert.ok(present.has(member), "a member that is not there was visited");
      seen.add(member);
    });
    assert.ok(Number.isSafeInteger(cursor) && cursor >= 0);
    for (let i = random(30); i > 0; i--) {
      const member = `m${random(1_500)}`;
      if (random(3) <= growing - (steps > 300 ? 3 : 0)) {
        kind.add(value, member, random(100));
        present.add(member);
      } else {
        assert.equal(kind.remove(value, member), present.delete(member));
        mustSee.delete(member);
      }
    }
    if (random(5) === 0) value = copyOf(value);
    else if (value.inPieces && random(3) === 0) {
      disk.take(value);
      value = disk.load(value);
    }
    assert.ok(++steps < 10_000, "the scan does not end");
  } while (cursor !== 0);
  for (const member of mustSee) assert.ok(seen.has(member), `${member} was missed (seed ${seed})`);
  return value;
}

function testScan<T extends Collection>(name: string, kind: Scanned<T>): void {
  test(`${name} misses nothing, whatever changes and is reloaded in between`, () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = randomFrom(seed);
      const present = new Set<string>();
      const value = kind.create();
      for (let i = [20, 150, 600, 1_500][random(4)]!; i > 0; i--) {
        const member = `m${random(1_500)}`;
        kind.add(value, member, random(100));
        present.add(member);
      }
      scanOnce(kind, scanOnce(kind, value, present, seed), present, seed + 1_000_000);
    }
  });

  test(`${name} takes any cursor`, () => {
    const value = kind.create();
    for (let i = 0; i < 1_000; i++) kind.add(value, `m${i}`, i);
    for (const cursor of [-1, 1, 999, 1_000, 1_001, 2 ** 31, 2 ** 53]) {
      let visited = 0;
      const next = kind.scan(value, cursor, 10, () => visited++);
      assert.ok(next >= 0 && next < 1_000 && visited >= 1 && visited <= 10);
    }
    assert.equal(
      kind.scan(value, 0, 5_000, () => {}),
      0,
    );
    assert.equal(
      kind.scan(kind.create(), 0, 10, () => assert.fail()),
      0,
    );
  });
}

testScan("HSCAN", hashes);
testScan("SSCAN", sets);
testScan("ZSCAN", zsets);
