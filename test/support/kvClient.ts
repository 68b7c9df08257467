import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import * as loader from "@grpc/proto-loader";

const PROTO = fileURLToPath(new URL("../../proto/holdfast/v1/kv.proto", import.meta.url));

/** A message as the loader gives it. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at fields of many messages.
export type Message = any;

export type KvMethod = "get" | "put" | "delete" | "compareAndSet" | "increment" | "batch" | "scan" | "openSession";

const definition = loader.loadSync(PROTO, { longs: String, enums: String, defaults: true, oneofs: true });
const detailType = definition["holdfast.v1.ErrorDetail"] as unknown as loader.MessageTypeDefinition<object, object>;
const Stub = grpc.makeClientConstructor(definition["holdfast.v1.Kv"] as grpc.ServiceDefinition, "holdfast.v1.Kv");

/** What a failed call tells. */
export interface KvFailure {
  readonly code: grpc.status;
  readonly message: string;
  readonly detail: Message;
}

/** A client made from the `.proto` file, as one in any language is. */
export class KvClient {
  readonly stub: grpc.Client & { readonly [method: string]: Message };
  readonly metadata = new grpc.Metadata();

  constructor(address: string, password?: string, credentials = grpc.credentials.createInsecure()) {
    this.stub = new Stub(address, credentials, {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
    }) as unknown as KvClient["stub"];
    if (password !== undefined) this.metadata.set("authorization", `Bearer ${password}`);
  }

  call(method: KvMethod, request: object, options: grpc.CallOptions = {}): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.stub[method](request, this.metadata, options, (error: grpc.ServiceError | null, reply: Message) => {
        if (error === null) resolve(reply);
        else reject(error);
      });
    });
  }

  /** The failure of a call that must fail. */
  async failure(method: KvMethod, request: object, options: grpc.CallOptions = {}): Promise<KvFailure> {
    return this.call(method, request, options).then(
      (reply) => {
        throw new Error(`it was answered: ${JSON.stringify(reply)}`);
      },
      (error: grpc.ServiceError) => failureOf(error),
    );
  }

  close(): void {
    this.stub.close();
  }
}

export function failureOf(error: grpc.ServiceError): KvFailure {
  const [bytes] = error.metadata?.get("holdfast-error-bin") ?? [];
  const detail = bytes === undefined ? undefined : detailType.deserialize(bytes as Buffer);
  return { code: error.code, message: error.details, detail };
}

/** Calls over one stream of many. */
export class KvCallsClient {
  readonly stream: grpc.ClientDuplexStream<Message, Message>;
  messages = 0;
  /** Ids of answers, in the order in which they came. */
  readonly order: number[] = [];
  status: Promise<KvFailure>;
  readonly #waiting = new Map<string, (answer: Message) => void>();
  #next = 1;
  #batch: Message[] = [];

  constructor(client: KvClient, options: grpc.CallOptions = {}) {
    const stream = client.stub["calls"](client.metadata, options) as grpc.ClientDuplexStream<Message, Message>;
    this.stream = stream;
    stream.on("data", ({ answers }: Message) => {
      this.messages++;
      for (const answer of answers) {
        this.order.push(Number(answer.id));
        this.#waiting.get(answer.id)?.(answer);
        this.#waiting.delete(answer.id);
      }
    });
    this.status = new Promise((resolve) => {
      stream.on("error", (error: grpc.ServiceError) => resolve(failureOf(error)));
      stream.on("end", () => resolve({ code: grpc.status.OK, message: "", detail: undefined }));
    });
  }

  /** The answer: `{ id, reply: "get", get: {…} }`, or with `error`. Calls of one turn go in one message. */
  call(method: KvMethod, request: object, timeoutMillis = 0): Promise<Message> {
    const id = this.#next++;
    if (this.#batch.length === 0) process.nextTick(() => this.#flush());
    this.#batch.push({ id, timeoutMillis, [method]: request });
    return new Promise((resolve) => this.#waiting.set(String(id), resolve));
  }

  #flush(): void {
    const calls = this.#batch;
    this.#batch = [];
    this.stream.write({ calls });
  }
}
