import { Args } from "../../core/command/args.ts";
import { BATCH, type KvRequest, SCAN } from "./kvRequest.ts";

/**
 * A request of the API as the executor takes requests: argument 0 stands for the command's name, the others are its keys, as places in
 * the message. Nobody writes to the bytes of a message: what is held back needs no copy of them.
 */
export class KvArgs extends Args {
  readonly request: KvRequest;
  /** The call's, with which it is answered. */
  readonly id: number;
  /** Whether it is one of CLIENT LIST's names, or the slow log's. */
  readonly name: string;

  constructor(request: KvRequest, id: number, name: string) {
    super();
    this.request = request;
    this.id = id;
    this.name = name;
    this.clear(request.bytes);
    this.add(request.start, request.start);
    if (request.method === BATCH) for (const { key } of request.operations) this.add(key.start, key.end);
    else if (request.method !== SCAN) this.add(request.key.start, request.key.end);
  }

  override text(i: number): string {
    return i === 0 ? this.name : super.text(i);
  }

  override retain(): Args {
    return this;
  }

  override get payloadBytes(): number {
    return this.request.end - this.request.start;
  }
}
