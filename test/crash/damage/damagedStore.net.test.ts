import assert from "node:assert/strict";
import { rm, stat, truncate } from "node:fs/promises";
import { basename } from "node:path";
import { test } from "node:test";
import { RespClient } from "../../support/respClient.ts";
import { runSeed } from "../../support/runSeed.ts";
import { testsRedis } from "../../support/serverUnderTest.ts";
import { effort } from "../effort.ts";
import { matches } from "../history.ts";
import { bigLane, mixedLane } from "../lane.ts";
import { Load } from "../load.ts";
import { observeKeys, ReplyError } from "../observe.ts";
import { SeededRandom } from "../random.ts";
import { type Launch, launch } from "../target.ts";
import { flipBit, inDirectory, live, onCopy, overwrite, storeFiles } from "./dataFiles.ts";

const LIVES = 3;
const WRITES_A_LIFE = 1_500;
const FLIPS = effort(6, 200);

type Damage = (dataDirectory: string, random: SeededRandom) => Promise<string>;

const TABLE = /\.(ldb|sst)$/;

const flippedTable: Damage = async (dataDirectory, random) => {
  const file = random.pick(await storeFiles(dataDirectory, TABLE));
  const at = random.below((await stat(file)).size);
  await flipBit(file, at, random.below(8));
  return `${basename(file)} with a bit of byte ${at} flipped`;
};

const zeroedPage: Damage = async (dataDirectory, random) => {
  const file = random.pick(await storeFiles(dataDirectory, TABLE));
  const { size } = await stat(file);
  const at = 4096 * random.below(Math.ceil(size / 4096));
  await overwrite(file, at, new Uint8Array(Math.min(4096, size - at)));
  return `${basename(file)} with zeros from byte ${at}`;
};

const cutTable: Damage = async (dataDirectory, random) => {
  const file = random.pick(await storeFiles(dataDirectory, TABLE));
  const length = random.below((await stat(file)).size);
  await truncate(file, length);
  return `${basename(file)} cut to ${length} bytes`;
};

const lostTable: Damage = (dataDirectory, random) => lose(dataDirectory, random, TABLE);
const lostCurrent: Damage = (dataDirectory, random) => lose(dataDirectory, random, /^CURRENT$/);
const lostManifest: Damage = (dataDirectory, random) => lose(dataDirectory, random, /^MANIFEST-/);
const lostStore: Damage = (dataDirectory, random) => lose(dataDirectory, random, /./, "all");

const flippedManifest: Damage = async (dataDirectory, random) => {
  const file = random.pick(await storeFiles(dataDirectory, /^MANIFEST-/));
  const at = random.below((await stat(file)).size);
  await flipBit(file, at, random.below(8));
  return `${basename(file)} with a bit of byte ${at} flipped`;
};

const flippedStoreLog: Damage = async (dataDirectory, random) => {
  const files = [];
  for (const file of await storeFiles(dataDirectory, /^\d+\.log$/)) if ((await stat(file)).size > 0) files.push(file);
  if (files.length === 0) return "nothing: the store's own log is empty";
  const file = random.pick(files);
  const at = random.below((await stat(file)).size);
  await flipBit(file, at, random.below(8));
  return `${basename(file)} with a bit of byte ${at} flipped`;
};

async function lose(dataDirectory: string, random: SeededRandom, pattern: RegExp, which?: "all"): Promise<string> {
  const files = await storeFiles(dataDirectory, pattern);
  const chosen = which === "all" ? files : [random.pick(files)];
  for (const file of chosen) await rm(file);
  return which === "all" ? "the store without any file" : `the store without ${basename(chosen[0] as string)}`;
}

const DAMAGES: readonly Damage[] = [
  ...Array.from({ length: FLIPS }, () => flippedTable),
  zeroedPage,
  cutTable,
  lostTable,
  lostCurrent,
  lostManifest,
  lostStore,
  flippedManifest,
  flippedStoreLog,
];

test("whatever happens to a file of the store, no wrong value is served", async (t) => {
  if (testsRedis) return t.skip("it is about Holdfast's files");
  t.diagnostic(`HOLDFAST_SEED=${runSeed}`);
  const random = new SeededRandom(runSeed);
  await inDirectory(async (_, dataDirectory) => {
    const load = loadOf(random);
    // A clean stop moves everything to the store, and the next start makes tables of it.
    for (let life = 0; life < LIVES; life++) await live(dataDirectory, load, WRITES_A_LIFE, "stop");
    await live(dataDirectory, load, 200, "kill");
    const wrong: string[] = [];
    for (const damage of DAMAGES) {
      await onCopy(dataDirectory, async (copy) => {
        const what = await damage(copy, random);
        const found = await judge(copy, load);
        t.diagnostic(`${what}: ${found.outcome}`);
        if (found.wrong !== undefined) wrong.push(`${what}: ${found.wrong}`);
      });
    }
    assert.deepEqual(wrong, []);
    await live(dataDirectory, load, 0, "kill");
  });
});

function loadOf(random: SeededRandom): Load {
  const lanes = [
    mixedLane("one", random.fork("one"), { depth: 8 }),
    mixedLane("two", random.fork("two"), { depth: 8 }),
    bigLane("big", random.fork("big"), { depth: 2 }),
  ];
  return new Load({ lanes, random, sharers: 0, readers: 0 });
}

interface Judgement {
  readonly outcome: string;
  readonly wrong?: string;
}

/** Starts on damaged data. Refusing, ending, and error replies are right answers; a wrong value or a missing key is not. */
async function judge(dataDirectory: string, load: Load): Promise<Judgement> {
  const server = await launch({ dataDirectory });
  try {
    const serves = await server.ready().then(
      () => true,
      () => false,
    );
    return serves ? await judgeValues(server, load) : await judgeRefusal(server);
  } finally {
    await server.process.kill();
  }
}

async function judgeRefusal(server: Launch): Promise<Judgement> {
  const { code, signal } = await server.ended();
  if (signal !== null || code === 0) return { outcome: "it ended", wrong: `code ${code}, signal ${signal}` };
  if (server.process.output().trim() === "") return { outcome: "it ended", wrong: "without a word" };
  return { outcome: "it refuses to start" };
}

async function judgeValues(server: Launch, load: Load): Promise<Judgement> {
  let errors = 0;
  const client = await RespClient.connect({ port: server.port });
  try {
    for (const { history } of load.lanes) {
      for (const key of history.keys) {
        try {
          const observation = await observeKeys(client, [key]);
          if (matches(history.expected(key), observation, key)) continue;
          return { outcome: "it serves", wrong: `a wrong value of ${key}` };
        } catch (error) {
          if (!server.process.isRunning() || !client.isOpen) return { outcome: "it ended when the damage was read" };
          if (!(error instanceof ReplyError)) throw error;
          errors += 1;
        }
      }
    }
  } finally {
    await client.close();
  }
  return { outcome: errors === 0 ? "it serves, and every value is right" : `it answers ${errors} keys with an error` };
}
