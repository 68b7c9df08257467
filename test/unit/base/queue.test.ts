import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Queue } from "../../../src/base/queue.ts";

test("a queue does as an array would, whatever its size", () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 1_500 }) }),
    fc.record({ shift: fc.integer({ min: 1, max: 1_500 }) }),
    fc.constant("pop" as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      let next = 0;
      for (const each of steps) {
        if (each === "pop") assert.equal(queue.pop(), model.pop());
        else if ("push" in each) {
          for (let i = 0; i < each.push; i++) {
            queue.push(next);
            model.push(next++);
          }
        } else for (let i = 0; i < each.shift; i++) assert.equal(queue.shift(), model.shift());
        assert.deepEqual([queue.size, queue.last], [model.length, model.at(-1)]);
      }
      assert.deepEqual(queue.toArray(), model);
    }),
  );
});

test("an empty queue has nothing", () => {
  const queue = new Queue<object>();
  const left = [queue.shift(), queue.pop()];
  assert.deepEqual(left, [undefined, undefined]);
  queue.push({});
  queue.push({});
  queue.shift();
  queue.pop();
  assert.deepEqual([queue.size, queue.last, queue.toArray()], [0, undefined, []]);
});
