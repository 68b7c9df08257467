import assert from "node:assert/strict";
import { test } from "node:test";
import { WatchBell } from "../../../../src/gateway/kv/watchBell.ts";

/** What would still run by itself. */
const pending = (): number =>
  process.getActiveResourcesInfo().filter((each) => each === "Timeout" || each === "Immediate").length;

const rung = (bell: WatchBell, commits = bell.commits): Promise<void> =>
  new Promise((resolve) => bell.wait(commits, resolve));

test("who waits is woken by a commit, again and again, and nothing runs while nothing is committed", async () => {
  const bell = new WatchBell();
  const before = pending();
  for (let i = 0; i < 20; i++) {
    const woken = Promise.all([rung(bell), rung(bell)]);
    assert.equal(pending(), before);
    bell.committed();
    bell.committed();
    await woken;
  }
  bell.committed();
  assert.equal(pending(), before);
});

test("a commit between the look and the wait is not missed", async () => {
  const bell = new WatchBell();
  const { commits } = bell;
  bell.committed();
  await rung(bell, commits);
});

test("who has left is not woken", async () => {
  const bell = new WatchBell();
  const gone = (): void => assert.fail("it has left");
  bell.wait(bell.commits, gone);
  bell.leave(gone);
  const woken = rung(bell);
  bell.committed();
  await woken;
});
