import assert from "node:assert/strict";
import { decodeLatin1, latin1Bytes } from "../../../../src/base/latin1.ts";
import type { ForwardHandler, ForwardNetwork, ForwardWire } from "../../../../src/ports/forwarder.ts";

/** A connection to a node that does what the test says. */
export class ScriptedWire implements ForwardWire {
  readonly unsentBytes = 0;
  readonly address: string;
  isClosed = false;
  /** Requests that were not answered yet, their words with spaces between them. */
  readonly requests: string[] = [];
  readonly #handler: ForwardHandler;

  constructor(address: string, handler: ForwardHandler) {
    this.address = address;
    this.#handler = handler;
  }

  send(bytes: Uint8Array): void {
    assert.ok(!this.isClosed);
    let text = decodeLatin1(bytes);
    while (text !== "") {
      const words = Number(/^\*(\d+)\r\n/.exec(text)![1]);
      const parts = text.split("\r\n", 1 + words * 2);
      this.requests.push(parts.filter((_, at) => at > 0 && at % 2 === 0).join(" "));
      text = text.slice(parts.join("\r\n").length + 2);
    }
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.#handler.onOpen();
  }

  /** Answers the next request, and says which it was. */
  answer(reply: string): string {
    const request = this.requests.shift();
    assert.ok(request !== undefined, "nobody asked");
    this.bytes(reply);
    return request;
  }

  bytes(text: string): void {
    const bytes = latin1Bytes(text);
    this.#handler.onBytes(bytes, bytes.length);
  }

  lose(): void {
    this.isClosed = true;
    this.#handler.onClosed("lost");
  }

  greet(): void {
    this.open();
    for (const greeting of this.requests.splice(0)) this.bytes(answerTo(greeting));
  }
}

export class ScriptedNetwork implements ForwardNetwork {
  readonly wires: ScriptedWire[] = [];
  /** Every connection is there as soon as somebody asks for it. */
  greets = true;
  readonly #later: (run: () => void) => void;

  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  dial(address: string, handler: ForwardHandler): ForwardWire {
    const wire = new ScriptedWire(address, handler);
    this.wires.push(wire);
    if (this.greets) {
      this.#later(() => {
        wire.open();
        for (const greeting of wire.requests.splice(0)) wire.bytes(answerTo(greeting));
      });
    }
    return wire;
  }

  /** The connection to `address` that was opened last. */
  to(address: string): ScriptedWire {
    const wire = this.wires.findLast((each) => each.address === address);
    assert.ok(wire !== undefined, `nobody called ${address}`);
    return wire;
  }
}

function answerTo(greeting: string): string {
  return greeting === "CLIENT ID" ? ":7\r\n" : "+OK\r\n";
}
