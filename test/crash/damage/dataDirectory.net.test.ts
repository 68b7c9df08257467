import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { RespClient } from "../../support/respClient.ts";
import { runSeed } from "../../support/runSeed.ts";
import { testsRedis } from "../../support/serverUnderTest.ts";
import { mixedLane } from "../lane.ts";
import { Load } from "../load.ts";
import { ask, observeAt } from "../observe.ts";
import { SeededRandom } from "../random.ts";
import { launch, launchReady } from "../target.ts";
import { digest, IDENTITY_FILE, inDirectory, live } from "./dataFiles.ts";

const unlessRedis = testsRedis ? { skip: "it is about Holdfast's files" } : {};

function loadOf(): Load {
  const random = new SeededRandom(runSeed);
  const lanes = [mixedLane("one", random.fork("one"), { depth: 4 })];
  return new Load({ lanes, random, sharers: 1, readers: 0 });
}

/** The start must fail with a message that matches, and leave log and identity as they are. */
async function refuses(dataDirectory: string, message: RegExp): Promise<void> {
  const before = await digest(dataDirectory);
  const server = await launch({ dataDirectory });
  try {
    await server.refused();
    assert.match(server.process.output(), message);
  } finally {
    await server.process.kill();
  }
  assert.deepEqual(await digest(dataDirectory), before);
}

test("data of a newer format, or with a damaged identity, is refused and not overwritten", unlessRedis, async () => {
  await inDirectory(async (_, dataDirectory) => {
    const load = loadOf();
    await live(dataDirectory, load, 200, "kill");
    const file = join(dataDirectory, IDENTITY_FILE);
    const text = await readFile(file, "utf8");
    const fields = JSON.parse(text);
    await writeFile(file, JSON.stringify({ ...fields, format: fields.format + 1 }));
    await refuses(dataDirectory, /format/);
    for (const damaged of ["", '{"format":1}', text.slice(0, text.length / 2)]) {
      await writeFile(file, damaged);
      await refuses(dataDirectory, new RegExp(IDENTITY_FILE.replace(".", "\\.")));
    }
    await writeFile(file, text);
    await live(dataDirectory, load, 0, "kill");
  });
});

test("data that has lost its identity is not taken for an empty directory", unlessRedis, async () => {
  await inDirectory(async (_, dataDirectory) => {
    const load = loadOf();
    await live(dataDirectory, load, 200, "stop");
    await live(dataDirectory, load, 50, "kill");
    const file = join(dataDirectory, IDENTITY_FILE);
    const text = await readFile(file, "utf8");
    await rm(file);
    const server = await launch({ dataDirectory });
    try {
      await server.refused();
    } finally {
      await server.process.kill();
    }
    await writeFile(file, text);
    await live(dataDirectory, load, 0, "kill");
  });
});

test("a directory with somebody else's files is refused and left alone", unlessRedis, async () => {
  await inDirectory(async (_, dataDirectory) => {
    await mkdir(join(dataDirectory, "photos"));
    await writeFile(join(dataDirectory, "notes.txt"), "mine");
    const server = await launch({ dataDirectory });
    try {
      await server.refused();
      assert.ok(server.process.output().includes(dataDirectory), server.process.output());
    } finally {
      await server.process.kill();
    }
    assert.equal(await readFile(join(dataDirectory, "notes.txt"), "utf8"), "mine");
    assert.ok(!(await readdir(dataDirectory)).includes(IDENTITY_FILE));
  });
});

test("a second process on the same data stops with a clear message, and the first goes on", unlessRedis, async () => {
  await inDirectory(async (_, dataDirectory) => {
    const first = await launchReady({ dataDirectory });
    const client = await RespClient.connect({ port: first.port });
    try {
      await ask(client, [["SET", "key", "before"]]);
      const second = await launch({ dataDirectory });
      try {
        await second.refused();
        assert.match(second.process.output(), /in use|another process|locked/i);
        assert.ok(second.process.output().includes(dataDirectory), second.process.output());
      } finally {
        await second.process.kill();
      }
      assert.deepEqual(await ask(client, [["GET", "key"]]), ["before"]);
      await ask(client, [["SET", "key", "after"]]);
    } finally {
      await client.close();
      await first.process.kill();
    }
    const again = await launchReady({ dataDirectory });
    try {
      const { keys } = await observeAt(again.port, []);
      assert.deepEqual(keys.get("key")?.value, { kind: "string", text: "after" });
    } finally {
      await again.process.kill();
    }
  });
});

test("two processes that start at the same moment: one serves, the other stops", unlessRedis, async () => {
  await inDirectory(async (_, dataDirectory) => {
    const both = await Promise.all([launch({ dataDirectory }), launch({ dataDirectory })]);
    try {
      const serving = await Promise.all(
        both.map((it) =>
          it.ready().then(
            () => true,
            () => false,
          ),
        ),
      );
      assert.equal(serving.filter(Boolean).length, 1, both.map((it) => it.process.output()).join("\n---\n"));
    } finally {
      for (const it of both) await it.process.kill();
    }
  });
});

test("what a killed process leaves does not keep the next one from starting", async () => {
  await inDirectory(async (_, dataDirectory) => {
    const load = loadOf();
    for (let life = 0; life < 3; life++) await live(dataDirectory, load, 50, "kill");
  });
});
