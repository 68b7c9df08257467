import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterFacts, ClusterReplica } from "../../../../src/core/command/clusterFacts.ts";
import { ServerNode } from "./serverNode.ts";

const LINK = { direction: "to", since: 5, bufferedBytes: 0 } as const;
const [A, B, C] = ["a", "b", "c"].map((letter) => letter.repeat(40)) as [string, string, string];

function replicaOf(nodeId: string, port: number, changes: Partial<ClusterReplica> = {}): ClusterReplica {
  const facts = { host: "h", port, linkPort: port + 10_000, role: "secondary", seq: 41, isSelf: false } as const;
  return { nodeId, ...facts, link: LINK, ...changes };
}

/** A group of a primary, a secondary and a learner, as the one of them with the id `self` sees it. */
function group(self: string, changes: Partial<ClusterReplica> = {}): ClusterFacts {
  const own = (nodeId: string) => (nodeId === self ? { isSelf: true, link: undefined } : {});
  const primary = replicaOf(A, 7001, { role: "primary", seq: 42, ...own(A) });
  const secondary = replicaOf(B, 7002, { ...own(B), ...changes });
  const learner = replicaOf(C, 7003, { role: "learner", seq: 3, ...own(C) });
  const replicas = [primary, secondary, learner];
  const known = { groupId: "9".repeat(40), epoch: 6, secondaries: 1, isServed: true };
  return { ...known, primary, replicas, self: replicas.find((each) => each.isSelf)! };
}

function nodeOf(cluster: ClusterFacts | undefined): ServerNode {
  const node = new ServerNode();
  node.cluster = cluster;
  return node;
}

describe("commands of a group", () => {
  it("are refused by a node that is alone, in Redis's words", () => {
    const node = nodeOf(undefined);
    for (const line of ["CLUSTER INFO", "CLUSTER HELP", "CLUSTER KEYSLOT a", "READONLY", "READWRITE", "ASKING"]) {
      assert.equal(node.line(line), "-ERR This instance has cluster support disabled", line);
    }
    assert.equal(node.line("CLUSTER"), "-ERR wrong number of arguments for 'cluster' command");
    assert.equal(node.line("CLUSTER MEET h 1"), "-ERR unknown subcommand 'MEET'. Try CLUSTER HELP.");
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

  it("finds keys by slot", () => {
    const node = nodeOf(group(A));
    for (const line of ["SET {x}1 a", "SET {x}2 a", "SET y a", "SET {x}3 a PX 5"]) assert.equal(node.line(line), "+OK");
    node.now += 10;
    const slot = node.line("CLUSTER KEYSLOT x").slice(1);
    assert.equal(node.line("CLUSTER KEYSLOT {x}abc"), `:${slot}`);
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
