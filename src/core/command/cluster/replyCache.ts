import { Reply } from "../reply.ts";

/** The bytes of a reply that is asked for often and changes seldom, one for each version of the protocol. */
export class ReplyCache {
  #key: string | undefined;
  readonly #bytes = new Map<number, Uint8Array>();
  /** How often it was made. */
  made = 0;

  /** Writes what `make` writes; it is called only if it was not called with this `key` before, or with another since. */
  write(reply: Reply, key: string, make: (reply: Reply) => void): void {
    if (key !== this.#key) {
      this.#bytes.clear();
      this.#key = key;
    }
    let bytes = this.#bytes.get(reply.protocol);
    if (bytes === undefined) {
      bytes = this.#make(reply.protocol, make);
      this.#bytes.set(reply.protocol, bytes);
    }
    reply.out.copy(bytes, 0, bytes.length);
  }

  #make(protocol: 2 | 3, make: (reply: Reply) => void): Uint8Array {
    this.made++;
    const reply = new Reply();
    reply.protocol = protocol;
    make(reply);
    return reply.out.bytes.slice(0, reply.out.length);
  }
}
