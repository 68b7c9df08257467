import assert from "node:assert/strict";
import { ByteWriter } from "../../../../src/base/byteWriter.ts";
import { Args } from "../../../../src/core/command/args.ts";
import { type DispatchedCall, execute } from "../../../../src/core/command/dispatch.ts";
import { genericCommands } from "../../../../src/core/command/generic/genericCommands.ts";
import type { NodeServices } from "../../../../src/core/command/nodeServices.ts";
import { Reply } from "../../../../src/core/command/reply.ts";
import type { Session } from "../../../../src/core/command/session.ts";
import { stringCommands } from "../../../../src/core/command/strings/stringCommands.ts";
import { CommandTable } from "../../../../src/core/command/table.ts";
import { KeySpace } from "../../../../src/core/state/keySpace.ts";
import { Mutator } from "../../../../src/core/state/mutator.ts";
import { seededRandom, wire, wordsOf } from "./collectionNode.ts";

const table = new CommandTable([stringCommands, genericCommands]);

/** A key space with the string and generic commands on it, and nothing around it. */
export class StringsNode {
  now = 1_700_000_000_000;
  bulkBytesMax = 512 * 1024 * 1024;
  readonly state = new KeySpace([1, 2]);
  readonly mutate = new Mutator(this.state, new ByteWriter());
  /** The call of the last command, as it was left. */
  call: DispatchedCall | undefined;
  /** Mutations of the last command. */
  mutations = 0;
  #seq = 0;

  /** The reply as it goes over the wire, with a space for every line end; "" when the command waits. */
  run(args: readonly string[], protocol: 2 | 3 = 2): string {
    const reply = new Reply();
    reply.protocol = protocol;
    const call = this.#call(Args.of(...args), reply);
    this.call = call;
    this.change(() => execute(call, table));
    return wire(reply);
  }

  /** `run` of a command line: words with spaces between, or in double quotes. */
  line(text: string): string {
    return this.run(wordsOf(text));
  }

  /** Lines of `command → reply`. */
  follow(transcript: string): void {
    for (const line of transcript.trim().split("\n")) {
      const [command, reply] = line.split("→").map((part) => part.trim());
      assert.equal(this.line(command!), reply, command);
    }
  }

  /** Changes the key space as one entry of the log. */
  change(edit: () => unknown): void {
    const before = this.mutate.mutations;
    this.mutate.begin(++this.#seq);
    edit();
    this.mutate.end();
    this.mutations = this.mutate.mutations - before;
  }

  #call(args: Args, reply: Reply): DispatchedCall {
    return {
      args,
      reply,
      now: this.now,
      expiryNow: this.now,
      access: undefined,
      heldSince: undefined,
      awaits: 0,
      state: this.state,
      mutate: this.mutate,
      session: { authenticated: true, noTouch: false, denyBlocking: false } as Session,
      node: {
        settings: { integer: () => this.bulkBytesMax },
        cluster: () => undefined,
        commitPoint: 0,
      } as unknown as NodeServices,
      random: seededRandom(1),
      inTransaction: false,
      wakingKey: undefined,
      spec: undefined,
      writesRefused: undefined,
      blockRequest: undefined,
      dependsOn: 0,
    };
  }
}
