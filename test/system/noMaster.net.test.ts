import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { err } from "../../src/base/result.ts";
import { serveCluster } from "../../src/platform/rpc/clusterHost.ts";
import type { ClusterAdministration, ClusterRefusal } from "../../src/platform/rpc/clusterService.ts";
import type { MountedServer } from "../../src/platform/rpc/mountedServer.ts";
import { freePort } from "../support/freePort.ts";
import { spawnHoldfast } from "../support/holdfastServer.ts";

const STANDBY: ClusterRefusal = {
  code: "standby",
  message: "this master is a standby, and none is active at the moment",
  active: undefined,
};
const standby: ClusterAdministration = {
  plan: async () => err(STANDBY),
  execute: async () => err(STANDBY),
  work: () => err(STANDBY),
  why: () => err(STANDBY),
  hot: () => err(STANDBY),
};

describe("commands that need a master, without an active one", () => {
  let host: MountedServer;
  let masters: string;
  before(async () => {
    const served = await serveCluster({
      listen: { host: "127.0.0.1", port: 0 },
      tls: undefined,
      provider: { topology: () => undefined, onTopology: () => () => undefined },
      administration: standby,
      isServing: () => true,
    });
    assert.ok(served.ok);
    host = served.value;
    masters = `127.0.0.1:${host.address.port},127.0.0.1:${await freePort()}`;
  });
  after(() => host.close(0));

  for (const args of [
    ["rebalance", "--yes"],
    ["drain", "g1", "--yes"],
    ["weight", "g1", "2", "--dry-run"],
    ["moves"],
    ["why"],
  ]) {
    it(`${args[0]} says whom it has asked, what they said and what to do, and ends with 1`, async () => {
      const command = spawnHoldfast([...args, "--master", masters, "--master-timeout", "0.5"]);
      assert.equal((await command.exited).code, 1, command.output());
      const [standbyAt, nobodyAt] = masters.split(",");
      const text = command.output();
      assert.match(text, /^holdfast: no active master has answered within 0\.5 s\. Asked: /m);
      assert.ok(text.includes(`${standbyAt}: ${STANDBY.message}; ${nobodyAt}: `), text);
      assert.match(text, /Start a master \(holdfast master --zookeeper … --id m1\), or ask again when a standby/);
    });
  }

  it("a time that is none is refused", async () => {
    const command = spawnHoldfast(["moves", "--master", masters, "--master-timeout", "soon"]);
    assert.equal((await command.exited).code, 1);
    assert.match(command.output(), /'soon' is invalid.*a number of seconds from 0 to 3600/);
  });
});
