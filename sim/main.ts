import { runWorld } from "./host/runWorld.ts";
const args = process.argv.slice(2);
const from = Number(args[0] ?? 0);
const count = Number(args[1] ?? 1);
const trace = args.includes("--trace");
const totals = new Map<string, number>();
const began = performance.now();
let failed = 0;
for (let seed = from; seed < from + count; seed++) {
  const world = await runWorld({ seed: String(seed), ...(trace ? { onTrace: (line: string) => console.log(line) } : {}) });
  for (const [name, value] of world.counts) totals.set(name, (totals.get(name) ?? 0) + value);
  if (world.violation !== undefined) {
    failed++;
    console.log(`seed ${seed}: ${world.violation.message.split("\n").slice(0, 6).join("\n")}`);
  }
  if (count === 1) console.log(world.hash, world.scheduler.steps);
}
console.log(Object.fromEntries([...totals].sort()), `${failed} failed`, `${((performance.now() - began) / count).toFixed(1)} ms a seed`);
