import assert from "node:assert/strict";
import { newSession } from "../../../../sim/oracle/session.ts";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import { Args } from "../../../../src/core/command/args.ts";
import type { ClusterFacts } from "../../../../src/core/command/clusterFacts.ts";
import { commandTable } from "../../../../src/core/command/commandTable.ts";
import { type DispatchedCall, execute } from "../../../../src/core/command/dispatch.ts";
import type { NodeServices } from "../../../../src/core/command/nodeServices.ts";
import { Reply } from "../../../../src/core/command/reply.ts";
import type { Session } from "../../../../src/core/command/session.ts";
import { KeySpace } from "../../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../../src/core/state/mutator.ts";
import { CommandMeter } from "../../../../src/worker/commandMeter.ts";
import { LatencyMonitor } from "../../../../src/worker/services/latency.ts";
import { Settings } from "../../../../src/worker/services/settings.ts";
import { SlowLog } from "../../../../src/worker/services/slowLog.ts";
import { seededRandom, wire, wordsOf } from "./collectionNode.ts";

/** All commands on a key space of their own, behind a node that only writes down what it is asked to do. */
export class ServerNode {
  now = 1_700_000_000_000;
  writesRefused: string | undefined;
  debugAllowed = true;
  commitPoint = 42;
  /** The group that the node is one of; it is alone without. */
  cluster: ClusterFacts | undefined;
  /** What commands asked of the node: `kill 2`, `pause write 1700000000100`. */
  readonly asked: string[] = [];
  readonly state = new KeySpace([1, 2]);
  readonly settings = new Settings({}, "", () => undefined);
  readonly slowLog = new SlowLog();
  readonly latency = new LatencyMonitor(
    commandTable,
    new CommandMeter({ wall: () => 0 as never, monotonic: () => 0 as never, micros: () => 0 }),
  );
  readonly #sessions = new Map<string, Session>();
  readonly #mutator = new Mutator(this.state, new ByteWriter());
  #seq = 0;

  session(name = ""): Session {
    const session = this.#sessions.get(name) ?? newSession(this.#sessions.size + 1, 2);
    this.#sessions.set(name, session);
    return session;
  }

  /** The reply to a command line as it goes over the wire, with a space for every line end. */
  line(text: string, session = this.session()): string {
    return this.run(wordsOf(text), session);
  }

  run(words: readonly string[], session = this.session()): string {
    const reply = new Reply();
    reply.protocol = session.protocol;
    const call: DispatchedCall = {
      args: Args.of(...words),
      reply,
      now: this.now,
      expiryNow: this.now,
      access: undefined,
      heldSince: undefined,
      awaits: 0,
      state: this.state,
      mutate: this.#mutator,
      session,
      node: this.#services,
      random: seededRandom(1),
      inTransaction: false,
      wakingKey: undefined,
      spec: undefined,
      writesRefused: this.writesRefused,
      blockRequest: undefined,
      dependsOn: 0,
    };
    this.#mutator.begin(++this.#seq);
    execute(call, commandTable);
    this.#mutator.end();
    return wire(reply);
  }

  /** Lines `> command`, or `@session > command`, each with the reply on the next, as a redis-server 7.0.15 gave it. */
  follow(transcript: string): void {
    const lines = transcript.trim().split("\n");
    for (let i = 0; i < lines.length; i += 2) {
      const [, name = "", command] = /^(?:@(\w+) )?> (.*)$/.exec(lines[i]!.trim())!;
      assert.equal(this.line(command!, this.session(name)), lines[i + 1]!.trim(), command);
    }
  }

  #ask(text: string): void {
    this.asked.push(text);
  }

  get #services(): NodeServices {
    return {
      commands: commandTable,
      info: (sections) => `info of ${sections.join(" ")}`,
      settings: this.settings,
      slowLog: this.slowLog,
      latency: this.latency,
      debugAllowed: this.debugAllowed,
      commitPoint: this.commitPoint,
      cluster: () => this.cluster,
      sessions: () => this.#sessions.values(),
      kill: ({ id }) => this.#ask(`kill ${id}`),
      unblock: (session, withError) => {
        this.#ask(`unblock ${session.id} ${withError ? "with an error" : ""}`.trim());
        return session.blocked;
      },
      pause: (until, mode) => this.#ask(`pause ${mode} ${until}`),
      unpause: () => this.#ask("unpause"),
      wallMicros: () => 1_700_000_000_123_456,
      watch: (session, key) => session.watched.add(key),
      unwatch: (session) => session.watched.clear(),
      shutdown: () => this.#ask("shutdown"),
      resetStatistics: () => this.#ask("reset statistics"),
      memory: () => ({ data: 1000, dataPeak: 2000, dataMax: 4000, resident: 5000, clients: 6, logBuffer: 7, keys: 10 }),
      lastSavedAt: () => 1_700_000_000,
      save: () => this.#ask("save"),
      setActiveExpiry: (isActive) => this.#ask(`active expiry ${isActive}`),
      sleep: (millis) => this.#ask(`sleep ${millis}`),
    };
  }
}
