import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority } from "node:os";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeKvCluster } from "../support/fakeKvCluster.ts";

const HOLDFAST = fileURLToPath(new URL("../../bin/holdfast", import.meta.url));
let cluster: FakeKvCluster;

before(async () => {
  cluster = await FakeKvCluster.start(2);
});
after(() => cluster.stop());

interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function holdfast(args: readonly string[], input = ""): Promise<Ran> {
  const env = { ...process.env, HOLDFAST_CONNECT: cluster.addresses.join(","), HOLDFAST_HISTORY: "" };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [HOLDFAST, ...args], { env, timeout: 30_000 }, (error, output, errors) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 99, output, errors }),
    );
    child.stdin!.end(input);
  });
}

test("data is read and written at the terminal", async () => {
  assert.deepEqual(await holdfast(["put", "greeting", "hello"]), { code: 0, output: "ok\n", errors: "" });
  assert.equal((await holdfast(["get", "greeting"])).output, "hello\n");
  const { found, value, version } = JSON.parse((await holdfast(["get", "greeting", "--json"])).output);
  assert.deepEqual([found, value, typeof version], [true, "hello", "string"]);
  assert.equal((await holdfast(["put", "greeting", "--if-absent"], "other")).code, 1);
  assert.equal((await holdfast(["put", "piped"], "from input")).code, 0);
  assert.equal((await holdfast(["incr", "n", "--", "-3"])).output, "-3\n");
  const lines = (await holdfast(["scan", "--json"])).output.trim().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line).key).sort(), ["greeting", "n", "piped"]);
  assert.equal((await holdfast(["del", "greeting"])).code, 0);
  assert.deepEqual(await holdfast(["get", "greeting"]), { code: 1, output: "", errors: "there is no such key\n" });
  const refused = await holdfast(["incr", "n", "half"]);
  assert.deepEqual([refused.code, /whole number.*\(invalid\)/.test(refused.errors)], [1, true]);
  const nobody = await holdfast(["get", "k", "--connect", "nowhere"]);
  assert.deepEqual([nobody.code, /no host:port \(invalid\)/.test(nobody.errors)], [1, true]);
});

test("a watch tells changes until it has told enough", async () => {
  const group = cluster.groupOf("seen");
  const timer = setInterval(() => group.set("seen", Buffer.from("now")), 50);
  const watched = await holdfast(["watch", "seen", "--limit", "2"]);
  clearInterval(timer);
  assert.deepEqual([watched.code, watched.output], [0, "set seen now\nset seen now\n"]);
});

test("whoever asks does not compete with who serves on the same machine", async () => {
  const group = cluster.groupOf("seen");
  const timer = setInterval(() => group.set("seen", Buffer.from("now")), 50);
  const args = [HOLDFAST, "watch", "seen", "--connect", cluster.addresses.join(",")];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  clearInterval(timer);
  assert.ok(getPriority(child.pid) > getPriority());
  child.kill();
  await once(child, "exit");
});

test("the prompt carries out one line after another", async () => {
  const input = 'put "a b" "c d"\nget "a b"\nget nothing\nnonsense\nget "open\nincr sum 2\nexit\nincr sum\n';
  const { code, output, errors } = await holdfast(["cli"], input);
  assert.deepEqual([code, output], [0, "ok\nc d\n2\n"]);
  assert.match(errors, /there is no such key\n.*unknown command 'nonsense'.*a quote is not closed/s);
});
