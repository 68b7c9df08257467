import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Request } from "../../../src/client/request.ts";
import { RequestList } from "../../../src/client/requestList.ts";

/** What a list looks at of a request. */
const requests = (count: number): Request[] =>
  Array.from({ length: count }, (_, id) => ({ id, older: undefined, newer: undefined }) as Request);

/** From both ends, so that no link of one direction is missing. */
function assertHolds(list: RequestList, model: readonly Request[]): void {
  assert.equal(list.size, model.length);
  assert.equal(list.oldest, model[0]);
  for (const [at, request] of model.entries()) {
    assert.equal(request.older, model[at - 1]);
    assert.equal(request.newer, model[at + 1]);
  }
}

test("it holds what an array holds, whatever comes and goes; those that are gone hold on to nothing", () => {
  const step = fc.record({ kind: fc.constantFrom("add", "add", "remove"), id: fc.nat(11) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const list = new RequestList();
      const all = requests(12);
      let model: Request[] = [];
      for (const { kind, id } of steps) {
        const request = all[id]!;
        if (kind === "add" && !model.includes(request)) {
          list.add(request);
          model.push(request);
        } else if (kind === "remove") {
          // Also those that were never in it, or are no longer.
          list.remove(request);
          model = model.filter((each) => each !== request);
        }
        assertHolds(list, model);
        for (const gone of all) {
          if (!model.includes(gone)) assert.deepEqual([gone.older, gone.newer], [undefined, undefined]);
        }
      }
    }),
  );
});

test("a request goes from one list to another, and each is as if it had never been in the other", () => {
  const [first, second] = [new RequestList(), new RequestList()];
  const [one, two, three] = requests(3) as [Request, Request, Request];
  first.add(one);
  first.add(two);
  second.add(three);
  first.remove(one);
  second.add(one);
  assertHolds(first, [two]);
  assertHolds(second, [three, one]);
  first.remove(two);
  assertHolds(first, []);
  first.add(two);
  assertHolds(first, [two]);
});
