import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makePath } from "../../src/coordination/makePath.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import {
  type CoordinatorUnderTest,
  code,
  connected,
  durable,
  eventsOf,
  session,
  until,
  value,
} from "./coordinatorRig.ts";

/** What a `Coordinator` whose clients can be cut off does then. */
export function coordinatorFaultContract(
  name: string,
  make: () => Promise<CoordinatorUnderTest>,
  skip: string | false = false,
): void {
  describe(`the contract of a coordinator that can be cut off: ${name}`, { skip }, () => {
    let made: CoordinatorUnderTest;
    let witness: Coordinator;
    let places = 0;

    before(async () => {
      made = await make();
      witness = await connected(made.connect());
    });
    after(() => made.dispose());

    const place = async (): Promise<string> => {
      const path = `/faults/place${++places}`;
      await value(makePath(witness, path));
      return path;
    };

    test("a short cut leaves the session, its znodes and its watches", async () => {
      const path = await place();
      const client = made.connect();
      const coordinator = await connected(client);
      const events = eventsOf(coordinator);
      const { id } = coordinator.session;
      const called: string[] = [];
      await value(coordinator.create(`${path}/w`, "", session));
      await value(coordinator.get(path, { watch: () => called.push("data") }));
      await value(coordinator.exists(`${path}/a`, { watch: () => called.push("absent") }));
      await value(coordinator.children(`${path}/w`, { watch: () => called.push("never") }));
      client.cut();
      await value(witness.replace(path, "while cut off", 0));
      await value(witness.create(`${path}/a`, "", durable));
      await until("it is noticed", () => events.length > 0);
      client.heal();
      await until("it is over", () => coordinator.session.state === "connected");
      assert.deepEqual(events, ["suspended", "connected"]);
      assert.equal(coordinator.session.id, id);
      await until("what was missed is told", () => called.length >= 2);
      assert.deepEqual(called.sort(), ["absent", "data"]);
      assert.equal((await value(coordinator.get(path, { sync: true }))).data, "while cut off");
      assert.equal((await value(witness.get(`${path}/w`, { sync: true }))).owner, id);
      await coordinator.close();
    });

    test("a long cut ends the session, and another begins by itself (question 1)", async () => {
      const path = await place();
      const client = made.connect();
      const coordinator = await connected(client);
      const events = eventsOf(coordinator);
      const { id } = coordinator.session;
      let calls = 0;
      await value(coordinator.create(`${path}/w`, "", session));
      await value(coordinator.get(path, { watch: () => void calls++ }));
      client.cut();
      await until("others see it gone", async () => !(await value(witness.exists(`${path}/w`, { sync: true }))));
      await until("it is told", () => coordinator.session.state === "connecting");
      assert.deepEqual(events, ["suspended", "lost"]);
      assert.equal(coordinator.session.id, undefined);
      await until("the watch is told", () => calls === 1);
      const asked = coordinator.create(`${path}/w`, "again", session);
      client.heal();
      await until("there is a new one", () => coordinator.session.state === "connected");
      assert.deepEqual(events, ["suspended", "lost", "renewed"]);
      assert.notEqual(coordinator.session.id, id);
      // What was asked meanwhile belongs to the new session, if it has not waited for too long.
      if (!(await asked).ok) await value(coordinator.create(`${path}/w`, "again", session));
      assert.equal((await value(witness.get(`${path}/w`, { sync: true }))).owner, coordinator.session.id);
      await coordinator.close();
    });

    test("without a server everything is answered in bounded time, and truthfully", async () => {
      const path = await place();
      const client = made.connect();
      const coordinator = await connected(client);
      client.cut();
      const change = code(coordinator.replace(path, "x", 0));
      const read = code(coordinator.get(path));
      assert.equal(await change, "unknown");
      assert.equal(await read, "unavailable");
      await until("it is noticed", () => coordinator.session.state !== "connected");
      const waiting = [coordinator.get(path), coordinator.create(`${path}/a`, "", durable)];
      for (const pending of waiting) assert.match(await code(pending), /^(unavailable|session_lost)$/);
      client.heal();
      await until("it is over", () => coordinator.session.state === "connected");
      assert.equal(await value(coordinator.exists(`${path}/a`, { sync: true })), false);
      const { data, version } = await value(coordinator.get(path, { sync: true }));
      assert.equal(data, version === 0 ? "" : "x");
      await coordinator.close();
    });

    test("what waits in a session that is lost is not done in the next", async () => {
      const path = await place();
      const client = made.connect();
      const coordinator = await connected(client);
      client.cut();
      await until("it is noticed", () => coordinator.session.state === "suspended");
      const codes = new Set<string>();
      while (coordinator.session.state === "suspended") {
        void code(coordinator.create(`${path}/w`, "", session)).then((answer) => codes.add(answer));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      client.heal();
      await until("there is a new one", () => coordinator.session.state === "connected");
      assert.equal(await value(coordinator.exists(`${path}/w`, { sync: true })), false);
      assert.ok(codes.has("session_lost"), [...codes].join());
      for (const answer of codes) assert.match(answer, /^(unavailable|session_lost)$/);
      await coordinator.close();
    });

    test("close ends at once even without a server", async () => {
      const path = await place();
      const client = made.connect();
      const coordinator = await connected(client);
      await value(coordinator.create(`${path}/w`, "", session));
      client.cut();
      await until("it is noticed", () => coordinator.session.state === "suspended");
      const waiting = coordinator.get(path);
      await coordinator.close();
      assert.equal(await code(waiting), "closed");
      await until("the session ends", async () => !(await value(witness.exists(`${path}/w`, { sync: true }))));
    });
  });
}
