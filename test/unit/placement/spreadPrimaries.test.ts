import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { describe, it } from "node:test";
import { type PlacedGroup, type PlacedReplica, spreadPrimaries } from "../../../src/core/placement/spreadPrimaries.ts";
import { fc } from "../../support/properties.ts";

/** A replica on a host by its number, one process a host; worker names say where they are. */
function group(id: string, ...hosts: number[]): PlacedGroup {
  const replicas = hosts.map(
    (host): PlacedReplica => ({ worker: `${id}@h${host}`, process: `p${host}`, host: `h${host}` }),
  );
  return { id, primary: replicas[0]!, secondaries: replicas.slice(1) };
}

const shown = (groups: readonly PlacedGroup[]) => spreadPrimaries(groups).map(({ from, to }) => `${from} > ${to}`);

describe("spreading primaries", () => {
  it("leaves what is even as it is", () => {
    assert.deepEqual(spreadPrimaries([]), []);
    assert.deepEqual(shown([group("a", 1, 2), group("b", 2, 1)]), []);
    assert.deepEqual(shown([group("a", 1, 2), group("b", 2, 1), group("c", 1, 2)]), []);
  });

  it("hands over as few as possible", () => {
    const groups = [group("a", 1, 2, 3), group("b", 1, 2, 3), group("c", 1, 2, 3), group("d", 2, 3, 1)];
    const plan = spreadPrimaries(groups);
    assert.equal(plan.length, 1);
    assert.match(plan[0]!.why, /host h1 has 3 primaries and will have 2, host h3 has 0 primaries and will have 1/);
  });

  it("passes on by way of another host when there is no direct way", () => {
    const groups = [group("a", 1, 2), group("b", 1, 2), group("c", 2, 3)];
    assert.deepEqual(shown(groups).length, 2);
  });

  it("spreads over the processes of a host", () => {
    const replica = (worker: string, process: string): PlacedReplica => ({ worker, process, host: "h1" });
    const both = (id: string): PlacedGroup => ({
      id,
      primary: replica(`${id}1`, "p1"),
      secondaries: [replica(`${id}2`, "p2")],
    });
    const plan = spreadPrimaries([both("a"), both("b")]);
    assert.equal(plan.length, 1);
    assert.match(plan[0]!.why, /process p1 has 2 primaries and will have 1/);
  });

  it("finds what trying everything finds: the least squares, with the fewest hand-overs", () => {
    const hosts = fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(hosts, { maxLength: 7 }), (lists) => {
        const groups = lists.map((list, index) => group(`g${index}`, ...list));
        const plan = new Map(
          spreadPrimaries(groups).map((handOver) => [handOver.group, Number(handOver.to.split("@h")[1])]),
        );
        const chosen = lists.map((list, index) => plan.get(`g${index}`) ?? list[0]!);
        assert.deepEqual([squares(chosen), plan.size], best(lists));
        assert.ok(chosen.every((host, index) => lists[index]!.includes(host)));
      }),
      { numRuns: 200 },
    );
  });

  it("decides for 1,000 groups whose primaries are all on a third of the hosts within a second", () => {
    const groups = Array.from({ length: 1000 }, (_, index) => {
      return group(`g${index}`, (index * 7) % 34, 34 + ((index * 5) % 33), 67 + ((index * 13) % 33));
    });
    const started = performance.now();
    const plan = spreadPrimaries(groups);
    const millis = performance.now() - started;
    const taken = new Map(plan.map((handOver) => [handOver.group, Number(handOver.to.split("@h")[1])]));
    assert.equal(squares(groups.map((_, index) => taken.get(`g${index}`) ?? (index * 7) % 34)), 100 * 10 * 10);
    assert.equal(plan.length, 660);
    assert.ok(millis < 1000, `${millis} ms`);
  });
});

function squares(hosts: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const host of hosts) counts.set(host, (counts.get(host) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum + count * count, 0);
}

/** The least sum of squares, and the fewest hand-overs with which it is reached. */
function best(lists: readonly (readonly number[])[]): [number, number] {
  let found: [number, number] = [Number.POSITIVE_INFINITY, 0];
  const tryAll = (index: number, chosen: readonly number[], handOvers: number): void => {
    if (index === lists.length) {
      const sum = squares(chosen);
      if (sum < found[0] || (sum === found[0] && handOvers < found[1])) found = [sum, handOvers];
      return;
    }
    for (const [replica, host] of lists[index]!.entries()) {
      tryAll(index + 1, [...chosen, host], handOvers + (replica === 0 ? 0 : 1));
    }
  };
  tryAll(0, [], 0);
  return found;
}
