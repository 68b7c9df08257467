import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ReplyCache } from "../../../../src/core/command/cluster/replyCache.ts";
import type { ClusterFacts, ClusterGroup, ClusterReplica } from "../../../../src/core/command/clusterFacts.ts";
import { ALL_SLOTS, type SlotRanges } from "../../../../src/core/slots/slotRanges.ts";
import { ServerNode } from "./serverNode.ts";

const LINK = { direction: "to", since: 5, bufferedBytes: 0 } as const;
const [A, B, C] = ["a", "b", "c"].map((letter) => letter.repeat(40)) as [string, string, string];

function replicaOf(nodeId: string, port: number, changes: Partial<ClusterReplica> = {}): ClusterReplica {
  const facts = { host: "h", port, linkPort: port + 10_000, role: "secondary", seq: 41, isSelf: false } as const;
  return { nodeId, ...facts, link: LINK, ...changes };
}

type OwnGroup = Omit<ClusterFacts, "groups" | "topology" | "replies">;

/** A group of a primary, a secondary and a learner, as the one of them with the id `self` sees it. */
function group(self: string, changes: Partial<ClusterReplica> = {}): OwnGroup {
  const own = (nodeId: string) => (nodeId === self ? { isSelf: true, link: undefined } : {});
  const primary = replicaOf(A, 7001, { role: "primary", seq: 42, ...own(A) });
  const secondary = replicaOf(B, 7002, { ...own(B), ...changes });
  const learner = replicaOf(C, 7003, { role: "learner", seq: 3, ...own(C) });
  const replicas = [primary, secondary, learner];
  const known = { groupId: "9".repeat(40), epoch: 6, secondaries: 1, isServed: true };
  return { ...known, primary, replicas, self: replicas.find((each) => each.isSelf)! };
}

/** With other groups, or with all slots of its own. */
function clusterOf(own: OwnGroup, slots: SlotRanges = ALL_SLOTS, others: readonly ClusterGroup[] = []): ClusterFacts {
  const { groupId: id, epoch, primary, replicas, isServed } = own;
  const groups = () => [{ id, name: "g1", epoch, slots, primary, replicas, isServed }, ...others];
  return { ...own, groups, topology: "", replies: new ReplyCache() };
}

function nodeOf(cluster: OwnGroup | ClusterFacts | undefined): ServerNode {
  const node = new ServerNode();
  node.cluster = cluster === undefined || "groups" in cluster ? cluster : clusterOf(cluster);
  return node;
}

describe("commands of a group", () => {
  it("are refused by a node that is alone, in Redis's words", () => {
    const node = nodeOf(undefined);
    for (const line of ["CLUSTER INFO", "CLUSTER HELP", "CLUSTER KEYSLOT a", "READONLY", "READWRITE", "ASKING"]) {
      assert.equal(node.line(line), "-ERR This instance has cluster support disabled", line);
    }
    assert.equal(node.line("CLUSTER"), "-ERR wrong number of arguments for 'cluster' command");
    assert.equal(node.line("CLUSTER MEET h 1"), "-ERR This instance has cluster support disabled");
    assert.equal(node.line("CLUSTER JUMP"), "-ERR unknown subcommand 'JUMP'. Try CLUSTER HELP.");
  });

  it("CLUSTER SLOTS names the members that can be reached, the primary first", () => {
    const address = (port: number, id: string) => `*4 $1 h :${port} $40 ${id} *0`;
    assert.equal(nodeOf(group(A)).line("CLUSTER SLOTS"), `*1 *4 :0 :16383 ${address(7001, A)} ${address(7002, B)}`);
    const cut = nodeOf(group(A, { link: undefined }));
    assert.equal(cut.line("CLUSTER SLOTS"), `*1 *3 :0 :16383 ${address(7001, A)}`);
    cut.session().protocol = 3;
    assert.match(cut.line("CLUSTER SLOTS"), /%0$/);
    assert.equal(nodeOf({ ...group(C), primary: undefined }).line("CLUSTER SLOTS"), "*0");
  });

  it("CLUSTER SHARDS tells of everybody, with what state they are in", () => {
    const node = nodeOf(group(B));
    node.session().protocol = 3;
    const describeNode = (id: string, port: number, role: string, seq: number, health: string) =>
      `%7 $2 id $40 ${id} $4 port :${port} $2 ip $1 h $8 endpoint $1 h $4 role $${role.length} ${role} ` +
      `$18 replication-offset :${seq} $6 health $${health.length} ${health}`;
    const nodes = [
      describeNode(A, 7001, "master", 42, "online"),
      describeNode(B, 7002, "replica", 41, "online"),
      describeNode(C, 7003, "replica", 3, "loading"),
    ];
    assert.equal(node.line("CLUSTER SHARDS"), `*1 %2 $5 slots *2 :0 :16383 $5 nodes *3 ${nodes.join(" ")}`);
    assert.match(nodeOf(group(A, { link: undefined })).line("CLUSTER SHARDS"), /\$6 health \$4 fail/);
  });

  it("CLUSTER NODES, REPLICAS and COUNT-FAILURE-REPORTS", () => {
    const node = nodeOf(group(A, { link: undefined }));
    const secondary = `${B} h:7002@17002 slave,fail? ${A} 0 0 6 disconnected`;
    const learner = `${C} h:7003@17003 slave ${A} 0 ${node.now} 6 connected`;
    const lines = [`${A} h:7001@17001 myself,master - 0 0 6 connected 0-16383`, secondary, learner];
    const text = `${lines.join("\n")}\n`;
    assert.equal(node.line("CLUSTER NODES"), `$${text.length} ${text}`.trim());
    assert.equal(
      node.line(`CLUSTER REPLICAS ${A}`),
      `*2 $${secondary.length} ${secondary} $${learner.length} ${learner}`,
    );
    assert.equal(node.line(`CLUSTER SLAVES ${B}`), "-ERR The specified node is not a master");
    assert.equal(node.line("CLUSTER REPLICAS x"), "-ERR Unknown node x");
    assert.equal(node.line(`CLUSTER COUNT-FAILURE-REPORTS ${B}`), ":1");
    assert.equal(node.line(`CLUSTER COUNT-FAILURE-REPORTS ${A}`), ":0");
  });

  it("CLUSTER INFO, MYID and LINKS", () => {
    const node = nodeOf(group(B));
    assert.equal(node.line("CLUSTER MYID"), `$40 ${B}`);
    assert.match(node.line("CLUSTER INFO"), /cluster_state:ok .*cluster_slots_ok:16384 .*cluster_current_epoch:6 /);
    assert.match(nodeOf({ ...group(B), isServed: false }).line("CLUSTER INFO"), /cluster_state:fail .*_ok:0 /);
    const links = node.line("CLUSTER LINKS");
    assert.ok(links.startsWith(`*2 *12 $9 direction $2 to $4 node $40 ${A} $11 create-time :5 $6 events $1 r `), links);
  });

  it("tells of all groups where there are several", () => {
    const D = "d".repeat(40);
    const far = (changes: Partial<ClusterReplica>): ClusterReplica =>
      replicaOf(D, 7004, { role: "primary", link: undefined, isPresent: true, seq: 0, ...changes });
    const other = (changes: Partial<ClusterReplica> = {}): ClusterGroup => {
      const primary = far(changes);
      const slots: SlotRanges = [[100, 100]];
      return { id: "8".repeat(40), name: "g2", epoch: 9, slots, primary, replicas: [primary], isServed: true };
    };
    const own: SlotRanges = [
      [0, 99],
      [101, 16_383],
    ];
    const node = nodeOf(clusterOf(group(A), own, [other()]));
    const ranges = [...node.line("CLUSTER SLOTS").matchAll(/:(\d+) :(\d+) \*4 \$1 h :(\d+)/g)].map(
      ([, ...each]) => each,
    );
    assert.deepEqual(ranges, [
      ["0", "99", "7001"],
      ["100", "100", "7004"],
      ["101", "16383", "7001"],
    ]);
    assert.match(
      node.line("CLUSTER NODES"),
      /connected 0-99 101-16383\n.*d{40} h:7004@17004 master - 0 \d+ 9 connected 100\s*$/s,
    );
    assert.match(node.line("CLUSTER SHARDS"), /^\*2 .*\*2 :100 :100 /);
    assert.equal(node.line(`CLUSTER REPLICAS ${D}`), "*0");
    assert.match(
      node.line("CLUSTER INFO"),
      /state:ok .*_ok:16384 .*known_nodes:4 .*size:2 .*current_epoch:9 .*my_epoch:6 /s,
    );
    const missing = nodeOf(clusterOf(group(A), own, [other({ isPresent: false })]));
    assert.match(missing.line("CLUSTER NODES"), /7004@17004 master,fail\? - 0 0 9 disconnected 100/);
    const unassigned = nodeOf(clusterOf(group(A), [[0, 99]]));
    assert.match(unassigned.line("CLUSTER INFO"), /cluster_state:fail .*cluster_slots_assigned:100 /s);
  });

  it("CLUSTER SLOTS is made once for as long as it tells the same", () => {
    let topology = "1";
    let made = 0;
    const facts = clusterOf(group(A));
    const cluster: ClusterFacts = {
      ...facts,
      get topology() {
        return topology;
      },
      groups: () => {
        made++;
        return facts.groups();
      },
    };
    const node = nodeOf(cluster);
    const first = node.line("CLUSTER SLOTS");
    assert.equal(node.line("CLUSTER SLOTS"), first);
    assert.equal(made, 1);
    node.session().protocol = 3;
    assert.match(node.line("CLUSTER SLOTS"), /%0$/);
    assert.equal(made, 2);
    topology = "2";
    assert.match(node.line("CLUSTER SLOTS"), /%0$/);
    assert.equal(made, 3);
  });

  it("what would change the cluster by hand tells what to do instead", () => {
    const node = nodeOf(group(A));
    const lines =
      `ADDSLOTS 1|ADDSLOTSRANGE 1 2|BUMPEPOCH|DELSLOTS 1|DELSLOTSRANGE 1 2|FAILOVER|FLUSHSLOTS|FORGET a|MEET h 1
      |REPLICATE a|RESET HARD|SAVECONFIG|SET-CONFIG-EPOCH 1|SETSLOT 1 STABLE`.split("|");
    for (const line of lines) {
      const [name] = line.trim().split(" ");
      const answer = node.line(`CLUSTER ${line.trim()}`);
      assert.ok(answer.startsWith(`-ERR CLUSTER ${name} does not apply to Holdfast: `), answer);
    }
    assert.match(node.line("CLUSTER SETSLOT 1 IMPORTING a"), /`holdfast migrate --slots 0-99 --to GROUP`/);
    assert.equal(node.line("CLUSTER MYSHARDID"), `$40 ${"9".repeat(40)}`);
  });

  it("finds keys by slot", () => {
    const node = nodeOf(group(A));
    for (const line of ["SET {x}1 a", "SET {x}2 a", "SET y a", "SET {x}3 a PX 5"]) assert.equal(node.line(line), "+OK");
    const slot = node.line("CLUSTER KEYSLOT x").slice(1);
    assert.equal(node.line("CLUSTER KEYSLOT {x}abc"), `:${slot}`);
    assert.equal(node.line(`CLUSTER COUNTKEYSINSLOT ${slot}`), ":3");
    assert.equal(node.line("DEL {x}3"), ":1");
    assert.equal(node.line(`CLUSTER COUNTKEYSINSLOT ${slot}`), ":2");
    assert.equal(node.line(`CLUSTER GETKEYSINSLOT ${slot} 1`).split(" ").length, 3);
    assert.equal(node.line(`CLUSTER GETKEYSINSLOT ${slot} 0`), "*0");
    node.follow(`
      > CLUSTER KEYSLOT foo
      :12182
      > CLUSTER COUNTKEYSINSLOT 99999
      -ERR Invalid slot
      > CLUSTER COUNTKEYSINSLOT abc
      -ERR value is not an integer or out of range
      > CLUSTER GETKEYSINSLOT 0 -1
      -ERR Invalid slot or number of keys
    `);
  });

  it("READONLY and CLIENT CONSISTENCY are the connection's, and RESET ends them", () => {
    const node = nodeOf(group(B));
    node.follow(`
      > READONLY
      +OK
      > CLIENT CONSISTENCY
      $7 default
      > CLIENT CONSISTENCY Eventual
      +OK
      > CLIENT CONSISTENCY
      $8 eventual
      > CLIENT CONSISTENCY often
      -ERR syntax error
      > CLIENT CONSISTENCY eventual default
      -ERR syntax error
    `);
    const session = node.session();
    assert.deepEqual([session.readOnly, session.consistency], [true, "eventual"]);
    assert.equal(node.line("CLIENT CONSISTENCY default"), "+OK");
    assert.equal(session.consistency, undefined);
    assert.equal(node.line("CLIENT CONSISTENCY linearizable"), "+OK");
    assert.equal(node.line("READWRITE"), "+OK");
    assert.deepEqual([session.readOnly, session.consistency], [false, "linearizable"]);
    node.line("READONLY");
    assert.equal(node.line("RESET"), "+RESET");
    assert.deepEqual([session.readOnly, session.consistency], [false, undefined]);
    assert.equal(nodeOf(undefined).line("CLIENT CONSISTENCY eventual"), "+OK");
  });

  it("ROLE and HELLO tell what the replica is", () => {
    assert.equal(nodeOf(group(A)).line("ROLE"), "*3 $6 master :42 *1 *3 $1 h $4 7002 $2 41");
    assert.equal(nodeOf(group(B)).line("ROLE"), "*5 $5 slave $1 h :7001 $9 connected :41");
    assert.equal(nodeOf(group(C)).line("ROLE"), "*5 $5 slave $1 h :7001 $4 sync :3");
    assert.equal(nodeOf({ ...group(C), primary: undefined }).line("ROLE"), "*5 $5 slave $0  :0 $7 connect :3");
    assert.match(nodeOf(group(A)).line("HELLO"), /\$4 mode \$7 cluster \$4 role \$6 master/);
    assert.match(nodeOf(group(B)).line("HELLO"), /\$4 mode \$7 cluster \$4 role \$7 replica/);
    assert.match(nodeOf(undefined).line("HELLO"), /\$4 mode \$10 standalone \$4 role \$6 master/);
  });

  it("WAIT counts the secondaries, which have what is committed", () => {
    const node = nodeOf(group(A));
    assert.equal(node.line("WAIT 1 0"), ":1");
    assert.equal(node.line("WAIT 0 0"), ":1");
    assert.equal(node.line("WAIT 2 10"), "", "there is one only");
    node.commitPoint = 2;
    assert.equal(node.line("WAIT 1 10"), "", "what came before is not committed");
    assert.equal(node.line("WAIT 0 0"), ":0");
    assert.match(nodeOf(group(B)).line("WAIT 1 10"), /^-ERR WAIT cannot be used with replica instances/);
  });
});
