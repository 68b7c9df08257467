import { keySlot } from "../../src/base/crc16.ts";
import { FakeGroup, FakeKvNode } from "./fakeKvNode.ts";

const SLOTS = 16_384;

/** Without `redis`, nodes have no Redis port. */
export type FakeCarrier = "redis" | "grpc";

/** Groups of nodes in this process that speak kv.proto over real sockets. */
export class FakeKvCluster {
  readonly groups: readonly FakeGroup[];
  readonly nodes: readonly FakeKvNode[];
  #version = 1;

  private constructor(groupCount: number, replicas: number, carrier: FakeCarrier) {
    this.groups = Array.from({ length: groupCount }, (_, index) => {
      const group = new FakeGroup(`g${index + 1}`);
      const size = SLOTS / groupCount;
      group.slots = [{ from: Math.ceil(size * index), to: Math.ceil(size * (index + 1)) - 1 }];
      return group;
    });
    this.nodes = this.groups.flatMap((group) =>
      Array.from({ length: replicas }, (_, index) => {
        const rest = { topology: () => this.topology(), hasRedis: carrier === "redis" };
        return new FakeKvNode(`${group.name}r${index + 1}`, group, this.groups, rest);
      }),
    );
  }

  static async start(groupCount = 1, replicas = 1, carrier: FakeCarrier = "redis"): Promise<FakeKvCluster> {
    const cluster = new FakeKvCluster(groupCount, replicas, carrier);
    for (const node of cluster.nodes) await node.start();
    return cluster;
  }

  get addresses(): readonly string[] {
    return this.nodes.map(({ address }) => address);
  }

  groupOf(key: string): FakeGroup {
    return this.groups.find((group) => group.has(keySlot(key)))!;
  }

  topology(): object {
    return {
      cluster: "fake",
      slotsVersion: this.#version,
      groups: this.groups.map(({ name, slots, epoch, nodes }) => ({
        ...{ name, slots, epoch, weight: 1 },
        workers: nodes.map(({ id, address, redis, misnamed }, index) => ({
          ...{ id, rpc: address, redis: redis.address, present: true, ...misnamed },
          role: index === 0 ? "ROLE_PRIMARY" : "ROLE_SECONDARY",
        })),
      })),
    };
  }

  /** Gives all slots of one group to another, with their data. */
  moveAll(source: FakeGroup, target: FakeGroup, isTold: boolean): void {
    target.slots = [...target.slots, ...source.slots];
    source.slots = [];
    for (const [key, { value }] of source.values) target.set(key, value);
    source.values.clear();
    source.sessions.moveTo(target.sessions);
    this.#version++;
    if (isTold) this.tell();
  }

  /** Another node becomes the group's primary. */
  failOver(group: FakeGroup, isTold = true): void {
    group.nodes = [...group.nodes.slice(1), group.nodes[0]!];
    group.epoch++;
    if (isTold) this.tell();
  }

  tell(): void {
    for (const node of this.nodes) node.tellTopology();
  }

  stop(): void {
    for (const node of this.nodes) node.stop();
  }
}
