import { invariant } from "../../base/invariant.ts";
import { Args } from "../../core/command/args.ts";
import { BATCH, type KvRequest, SCAN } from "./kvRequest.ts";

/**
 * A request of the API as the executor takes requests: argument 0 stands for the command's name, the others are its keys, as places in
 * the message. It is filled anew for every request. Nobody writes to the bytes of a message: what is held back needs no copy of them.
 */
export class KvArgs extends Args {
  /** The call's, with which it is answered. */
  id = 0;
  /** Whether it is one of CLIENT LIST's names, or the slow log's. */
  name = "";
  #request: KvRequest | undefined;

  get request(): KvRequest {
    invariant(this.#request !== undefined, "a request is asked for while it is executed");
    return this.#request;
  }

  fill(request: KvRequest, id: number, name: string): this {
    this.#request = request;
    this.id = id;
    this.name = name;
    this.clear(request.bytes);
    this.add(request.start, request.start);
    if (request.method === BATCH) for (const { key } of request.operations) this.add(key.start, key.end);
    else if (request.method !== SCAN) this.add(request.key.start, request.key.end);
    return this;
  }

  override forget(): void {
    super.forget();
    this.#request = undefined;
  }

  override text(i: number): string {
    return i === 0 ? this.name : super.text(i);
  }

  override retain(): Args {
    return new KvArgs().fill(this.request, this.id, this.name);
  }

  override get payloadBytes(): number {
    return this.request.end - this.request.start;
  }
}

/**
 * By the constructor: `instanceof` asks a class that is no constant, which it is not in the bundle, how to tell, and this is asked three
 * times with every request (some 240 instructions each time).
 */
export function isKvArgs(args: Args): args is KvArgs {
  return args.constructor === KvArgs;
}
