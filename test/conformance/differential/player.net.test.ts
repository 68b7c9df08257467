import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { type RedisProcess, startRedis } from "../../support/redisServer.ts";
import { Draw } from "./draw.ts";
import { hashes } from "./generators/hashes.ts";
import { type Mismatch, Player } from "./player.ts";
import { Random } from "./random.ts";
import { parseScript } from "./script.ts";
import { describeMismatch, shrink } from "./shrink.ts";
import { Side } from "./side.ts";
import { describeStep, type Manner, type Step } from "./step.ts";

const MANNERS: readonly Manner[] = [
  { protocol: 2, pipelined: false },
  { protocol: 3, pipelined: true },
];

/** A comparison that never fails proves nothing: here one of two redis-servers is made to differ on purpose. */
describe("the player finds differences", () => {
  let servers: RedisProcess[] = [];
  let player: Player | undefined;

  afterEach(async () => {
    await player?.expected.close();
    await player?.actual.close();
    await Promise.all(servers.map((server) => server.removeData()));
    player = undefined;
    servers = [];
  });

  async function startPair(...args: string[]): Promise<Player> {
    servers = await Promise.all([startRedis(), startRedis({ args })]);
    const [left, right] = servers as [RedisProcess, RedisProcess];
    player = new Player(await Side.open("left", left), await Side.open("right", right));
    return player;
  }

  it("in a reply's text", async () => {
    const pair = await startPair("--databases", "2");
    for (const manner of MANNERS) {
      const mismatch = await pair.play(parseScript("SET a 1\nSELECT 1\nGET a"), manner);
      assert.equal(mismatch?.index, 1);
      assert.match(mismatch?.reason ?? "", /DB index is out of range[\s\S]*\+OK/);
    }
  });

  it("in what is held afterwards, which no reply had told", async () => {
    const pair = await startPair("--hash-max-listpack-entries", "2");
    const mismatch = await pair.play(parseScript("HSET h a 1 b 2 c 3"), MANNERS[0] as Manner);
    assert.match(mismatch?.reason ?? "", /afterwards.*OBJECT ENCODING/);
  });

  it("in contents and in expiry", async () => {
    const pair = await startPair();
    const manner = MANNERS[0] as Manner;
    const spoil = async (command: string[], ...steps: Step[]) => {
      const playing = pair.play([...parseScript("SET a 1\n!wait 100 SET b 2 EX 100"), ...steps], manner);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await pair.actual.control.call(...command);
      return (await playing)?.reason ?? "nothing found";
    };
    assert.match(await spoil(["SET", "a", "9"]), /"a" differs in contents/);
    assert.match(await spoil(["PERSIST", "b"]), /"b" differs in expiry/);
    assert.match(await spoil(["DEL", "b"]), /keys differ/);
    assert.match(await spoil(["RPUSH", "l", "x"], ...parseScript("LLEN l")), /expected :0\s+got :1/);
    assert.match(await spoil(["SET", "unseen", "x"], ...parseScript("@1 WATCH a\n@1 MULTI\n@1 EXEC")), /keys differ/);
  });

  it("in which blocked client is served", async () => {
    const pair = await startPair();
    const playing = pair.play(parseScript("@1 BLPOP a 0\n!wait 100 PING\nRPUSH a x"), MANNERS[0] as Manner);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await pair.actual.control.call("RPUSH", "a", "early");
    const reason = (await playing)?.reason ?? "nothing found";
    assert.match(reason, /connection 1, held back in BLPOP a 0|expected :1\s+got :2/);
  });

  it("in generated sequences, and shortens them", async () => {
    const pair = await startPair("--hash-max-listpack-entries", "3");
    const [manner] = MANNERS as readonly [Manner];
    const { steps, mismatch } = await firstMismatch(pair, manner);
    const shortest = await shrink(pair, steps, manner, mismatch);
    const report = describeMismatch(shortest.steps, shortest.mismatch, manner);
    assert.ok(shortest.steps.length <= 4, report);
    assert.match(report, /listpack/);
  });

  it("in nothing, when the servers are equal", async () => {
    const pair = await startPair();
    for (const manner of MANNERS) {
      const script =
        "SADD s a b c 1\nSPOP s\nSRANDMEMBER s -5\n@1 BLPOP l 0\nRPUSH l x\nSSCAN s 0\nTTL s\nTIME\nQUIT\nPING";
      assert.deepEqual(await pair.play(parseScript(script), manner), undefined);
    }
  });

  it("and writes a script as it reads it", () => {
    const script = ['SET "a b" "\\x00\\xff\\r\\n"', "@2 GET k", 'ECHO ""'];
    assert.deepEqual(parseScript(script.join("\n")).map(describeStep), script);
  });
});

async function firstMismatch(player: Player, manner: Manner): Promise<{ steps: Step[]; mismatch: Mismatch }> {
  for (let seed = 0; seed < 200; seed += 1) {
    const steps = hashes.sequence(new Draw(new Random(seed)));
    const mismatch = await player.play(steps, manner);
    if (mismatch !== undefined) {
      return { steps, mismatch };
    }
  }
  throw new Error("200 sequences found no difference");
}
