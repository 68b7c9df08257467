import assert from "node:assert/strict";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { keySlot } from "../../src/base/crc16.ts";
import { CLUSTER_PROTO } from "../../src/proto/clusterProto.ts";
import { KV_PROTO } from "../../src/proto/kvProto.ts";
import { type FakeCalls, FakeCallsPort } from "./fakeCallsPort.ts";
import { FakeKvSessions, type FakeOnce, fakeSession } from "./fakeKvSessions.ts";

function loaded(tree: object): ReturnType<typeof loader.fromJSON> {
  const options = { longs: Number, enums: String, defaults: true, oneofs: true };
  // Its type asks for `fields` in every namespace, which is wrong.
  return loader.fromJSON(tree as Parameters<typeof loader.fromJSON>[0], options);
}

const KV = loaded(KV_PROTO)["holdfast.v1.Kv"] as grpc.ServiceDefinition;
const CLUSTER = loaded(CLUSTER_PROTO)["holdfast.v1.Cluster"] as grpc.ServiceDefinition;

type Fields = { readonly [name: string]: unknown };
type Call = Fields & { readonly id: number; readonly request: string };
type Watch = grpc.ServerWritableStream<
  { readonly prefix?: Buffer; readonly key?: Buffer; readonly from: Buffer },
  object
>;

/** The data of one group: shared by its nodes. */
export class FakeGroup {
  readonly name: string;
  readonly values = new Map<string, { readonly value: Buffer; readonly version: Buffer }>();
  readonly watches = new Set<{ readonly call: Watch; readonly prefix: string; readonly key: string | undefined }>();
  readonly sessions = new FakeKvSessions();
  /** What a watch from a position is told. */
  readonly log: { readonly seq: number; readonly change: Fields }[] = [];
  nodes: FakeKvNode[] = [];
  slots: { from: number; to: number }[] = [];
  epoch = 1;
  seq = 0;

  constructor(name: string) {
    this.name = name;
  }

  has(slot: number): boolean {
    return this.slots.some(({ from, to }) => from <= slot && slot <= to);
  }

  position(seq = this.seq): Buffer {
    const bytes = Buffer.alloc(7 + this.name.length);
    bytes.writeUIntBE(seq, 0, 6);
    bytes.write(this.name, 7);
    return bytes;
  }

  set(key: string, value: Buffer | undefined): Buffer {
    this.seq++;
    const version = this.position();
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, { value, version });
    const change = {
      ...{ kind: value === undefined ? "KIND_DELETED" : "KIND_SET", key: Buffer.from(key, "latin1"), version },
      ...{ type: value === undefined ? "VALUE_TYPE_NONE" : "VALUE_TYPE_VALUE", value },
    };
    this.log.push({ seq: this.seq, change });
    for (const { call, prefix, key: only } of this.watches) {
      if (only === undefined ? key.startsWith(prefix) : key === only)
        call.write({ changes: [change], position: version });
    }
    return version;
  }
}

/** One node of a cluster that does as kv.proto says, as far as tests of the client need it, and misbehaves on request. */
export class FakeKvNode {
  readonly group: FakeGroup;
  readonly id: string;
  address = "";
  /** What a topology says of it instead. */
  misnamed: { readonly rpc?: string; readonly redis?: string } = {};
  calls = 0;
  messages = 0;
  /** It was asked for so many sessions. */
  opened = 0;
  /** What it answers to that, if it is no session. */
  openRefusal: { readonly code: number; readonly details: string } | undefined;
  /** Sessions last no longer. */
  sessionMillisMax = Number.POSITIVE_INFINITY;
  /** And end so much sooner than they are said to. */
  clockAheadMillis = 0;
  /** Answers come so much later. */
  delayMillis = 0;
  /** Takes calls and answers none. */
  isMute = false;
  /** As a secondary, it answers only what may be old. */
  isBehind = false;
  /** Takes the next calls, carries them out if `true`, and breaks the connection instead of an answer. */
  breakNext: "executed" | "undone" | undefined;
  /** Called first; what it answers is answered. */
  intercept: ((call: Call) => object | undefined) | undefined;
  /** Its Redis port, open if `hasRedis`. */
  readonly redis: FakeCallsPort;
  readonly #hasRedis: boolean;
  readonly #groups: readonly FakeGroup[];
  readonly #server = new grpc.Server();
  readonly #topologies = new Set<grpc.ServerWritableStream<unknown, object>>();
  readonly #topology: () => object;

  constructor(
    id: string,
    group: FakeGroup,
    groups: readonly FakeGroup[],
    { topology, hasRedis }: { readonly topology: () => object; readonly hasRedis: boolean },
  ) {
    this.id = id;
    this.#hasRedis = hasRedis;
    this.redis = new FakeCallsPort(KV["Calls"]!, (calls) => this.#calls(calls));
    this.group = group;
    this.#groups = groups;
    this.#topology = topology;
    group.nodes.push(this);
  }

  get isPrimary(): boolean {
    return this.group.nodes[0] === this;
  }

  async start(port = 0): Promise<void> {
    this.#server.addService(KV, {
      calls: (call: FakeCalls) => this.#calls(call),
      watch: (call: Watch) => this.#watch(call),
      openSession: (
        { request }: { readonly request: { readonly ttlMillis: number } },
        done: grpc.sendUnaryData<object>,
      ) => {
        this.opened++;
        const ttlMillis = Math.min(request.ttlMillis, this.sessionMillisMax);
        if (this.openRefusal !== undefined) done(this.openRefusal);
        else done(null, { session: fakeSession(ttlMillis - this.clockAheadMillis), ttlMillis });
      },
    });
    this.#server.addService(CLUSTER, {
      watchTopology: (call: grpc.ServerWritableStream<unknown, object>) => {
        this.#topologies.add(call);
        call.on("cancelled", () => this.#topologies.delete(call));
        call.write(this.#topology());
      },
    });
    const bound = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, taken) =>
        error === null ? resolve(taken) : reject(error),
      );
    });
    this.address = `127.0.0.1:${bound}`;
    if (this.#hasRedis) await this.redis.listen();
  }

  tellTopology(): void {
    for (const call of this.#topologies) call.write(this.#topology());
  }

  /** All connections break. */
  stop(): void {
    this.group.watches.clear();
    this.#server.forceShutdown();
    if (this.#hasRedis) this.redis.close();
  }

  #calls(stream: FakeCalls): void {
    stream.on("data", ({ calls }: { readonly calls: readonly Call[] }) => {
      this.messages++;
      this.calls += calls.length;
      if (this.isMute) return;
      if (this.breakNext !== undefined) {
        if (this.breakNext === "executed") for (const call of calls) this.answer(call);
        this.breakNext = undefined;
        stream.emit("error", { code: grpc.status.UNAVAILABLE, details: "broken by the test" });
        return;
      }
      const answers = calls.map((call) => ({ id: call.id, ...(this.intercept?.(call) ?? this.answer(call)) }));
      if (this.isMute) return;
      if (this.delayMillis > 0) setTimeout(() => stream.write({ answers }), this.delayMillis);
      else stream.write({ answers });
    });
    stream.on("end", () => stream.end());
    stream.on("error", () => undefined);
  }

  /** Carries it out, and answers what came of it. */
  answer(call: Call): object {
    const fields = call[call.request] as Fields;
    if (call.request === "scan") return { scan: this.#scan(fields) };
    const first = call.request === "batch" ? (fields["operations"] as readonly Fields[])[0]! : call;
    const key = ((first[(first["kind"] ?? call.request) as string] as Fields)["key"] as Buffer).toString("latin1");
    const isEventual = fields["consistency"] === "CONSISTENCY_EVENTUAL";
    const refusal = this.#refusal(keySlot(key), call.request === "get" && (isEventual || !this.isBehind));
    if (refusal !== undefined) return { error: refusal };
    if (call.request === "get") return this.#operate("get", fields);
    const once = fields["once"] as FakeOnce | null | undefined;
    return this.group.sessions.answer(once, keySlot(key), () => this.#evaluate(call.request, fields));
  }

  #evaluate(request: string, fields: Fields): object {
    if (request !== "batch") return this.#operate(request, fields);
    const operations = fields["operations"] as readonly (Fields & { readonly kind: string })[];
    const results = operations.map((each) => this.#operate(each.kind, each[each.kind] as Fields));
    return { batch: { applied: true, results, position: this.group.position() } };
  }

  #refusal(slot: number, isForReplicas: boolean): object | undefined {
    const code = grpc.status.FAILED_PRECONDITION;
    if (!this.group.has(slot)) {
      const owner = this.#groups.find((group) => group.has(slot));
      if (owner === undefined)
        return { code: grpc.status.UNAVAILABLE, message: "not served", detail: { reason: "REASON_NOT_SERVED" } };
      const detail = { reason: "REASON_MOVED", address: owner.nodes[0]!.address, slot };
      return { code, message: "moved", detail };
    }
    if (this.isPrimary || isForReplicas) return undefined;
    const detail = { reason: "REASON_NOT_PRIMARY", address: this.group.nodes[0]!.address };
    return { code, message: "not the primary", detail };
  }

  #operate(kind: string, fields: Fields): object {
    const { group } = this;
    const key = (fields["key"] as Buffer).toString("latin1");
    const held = group.values.get(key);
    switch (kind) {
      case "get":
        return { get: { found: held !== undefined, ...held, position: group.position() } };
      case "put": {
        if (fields["ifAbsent"] === true && held !== undefined)
          return { put: { applied: false, version: held.version } };
        return { put: { applied: true, version: group.set(key, fields["value"] as Buffer), previous: held?.value } };
      }
      case "delete":
        return { delete: { deleted: held !== undefined, version: held && group.set(key, undefined) } };
      case "compareAndSet": {
        const expected = fields["expected"] as Buffer | null | undefined;
        const isAsExpected = held === undefined ? expected == null : expected != null && held.value.equals(expected);
        if (!isAsExpected) return { compareAndSet: { applied: false, current: held?.value } };
        return { compareAndSet: { applied: true, version: group.set(key, fields["value"] as Buffer) } };
      }
      case "increment": {
        const value = Number(held?.value.toString() ?? 0) + Number(fields["delta"]);
        return { increment: { value, version: group.set(key, Buffer.from(String(value))) } };
      }
      default:
        return assert.fail(`no such operation: ${kind}`);
    }
  }

  /** One slot range a page. */
  #scan(fields: Fields): object {
    const prefix = (fields["prefix"] as Buffer).toString("latin1");
    const items = [...this.group.values]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, { value, version }]) => ({
        key: Buffer.from(key, "latin1"),
        type: "VALUE_TYPE_VALUE",
        value,
        version,
      }));
    const next = this.#groups[this.#groups.indexOf(this.group) + 1];
    if (next === undefined) return { items, position: this.group.position() };
    const place = { owner: next.nodes[0]!.address, nextSlot: next.slots[0]!.from };
    return { items, nextCursor: Buffer.from("more"), ...place, position: this.group.position() };
  }

  #watch(call: Watch): void {
    const { group } = this;
    const { prefix, key, from } = call.request;
    const watch = { call, prefix: prefix?.toString("latin1") ?? "", key: key?.toString("latin1") };
    const after = from.length === 0 ? group.seq : from.readUIntBE(0, 6);
    const isWanted = (change: Fields): boolean => {
      const changed = (change["key"] as Buffer).toString("latin1");
      return watch.key === undefined ? changed.startsWith(watch.prefix) : changed === watch.key;
    };
    call.write({ changes: [], position: group.position(after) });
    for (const { seq, change } of group.log) {
      if (seq > after && isWanted(change)) call.write({ changes: [change], position: group.position(seq) });
    }
    group.watches.add(watch);
    call.on("cancelled", () => group.watches.delete(watch));
  }
}
