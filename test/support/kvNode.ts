import { createClient } from "redis";
import { type RunningNode, start } from "../../src/main/server.ts";
import { KvClient } from "./kvClient.ts";

/** A node of its own with temporary data, asked over both of its protocols. */
export class KvNode {
  readonly node: RunningNode;
  readonly kv: KvClient;
  readonly redis: ReturnType<typeof createClient>;

  private constructor(node: RunningNode) {
    this.node = node;
    this.kv = new KvClient(node.grpcAddress!);
    this.redis = createClient({ url: node.url });
  }

  static async start(): Promise<KvNode> {
    const started = new KvNode(await start({ grpcPort: 0 }));
    await started.redis.connect();
    return started;
  }

  async stop(): Promise<void> {
    this.kv.close();
    this.redis.destroy();
    await this.node.stop();
  }
}
