import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Args } from "../../../../src/core/command/args.ts";
import { type Call, NOT_YET } from "../../../../src/core/command/call.ts";
import { commandTable } from "../../../../src/core/command/commandTable.ts";
import { openSession, type Session } from "../../../../src/core/command/session.ts";
import type { CommandSpec } from "../../../../src/core/command/spec.ts";
import { ownersOf } from "../../../../src/core/slots/assignment.ts";
import type { SlotChange } from "../../../../src/core/slots/slotChange.ts";
import { firstSlotMap, type SlotMap } from "../../../../src/core/slots/slotMap.ts";
import { ALL_SLOTS, type SlotRanges } from "../../../../src/core/slots/slotRanges.ts";
import { SlotTable } from "../../../../src/core/slots/slotTable.ts";
import { SlotAccess } from "../../../../src/worker/slots/slotAccess.ts";

const ORIGIN = { id: 1, address: "", localAddress: "", createdAt: 0, protocol: 2, authenticated: true } as const;
/** The slot of `foo`, with others beside it. */
const FOO = 12_182;
const MOVED_SLOTS: SlotRanges = [[12_000, 12_200]];
const LATE_MILLIS = 6_000;

/** One group's access, with a cluster that is what a test says. */
class Rig {
  readonly slots = new SlotTable();
  map: SlotMap | undefined;
  refreshed = 0;
  now = 0;
  heldSince: number | undefined;
  readonly session: Session = openSession(ORIGIN);
  readonly access: SlotAccess;
  #seq = 0;

  constructor(...changes: SlotChange[]) {
    const refresh = async (): Promise<boolean> => {
      this.refreshed++;
      return true;
    };
    const view = {
      version: 1,
      groups: [],
      group: () => undefined,
      ownerOf: (slot: number) => (this.map === undefined ? undefined : ownersOf(this.map.now)![slot]),
      primaryAddress: (group: string) => (group === "g2" ? "h:2" : undefined),
      refresh,
      awaitSlotMap: () => undefined,
      onChange: () => () => undefined,
    };
    const rig = this;
    this.access = new SlotAccess({
      group: "g1",
      slots: () => this.slots,
      view: {
        ...view,
        get slotMap() {
          return rig.map;
        },
      },
      table: commandTable,
      now: () => this.now,
    });
    this.follow(...changes);
  }

  follow(...changes: SlotChange[]): this {
    for (const change of changes) assert.ok(this.slots.apply(change, ++this.#seq), JSON.stringify(change));
    return this;
  }

  judge(line: string, kind: "read" | "write", changes: Partial<CommandSpec> = {}): string | undefined {
    const args = Args.of(...line.split(" "));
    const call = { args, session: this.session, heldSince: this.heldSince } as Call;
    const spec = { ...commandTable.find(args)!, ...changes };
    const slot = this.access.slotOf(call, spec);
    return this.access.crossed(slot) ?? this.access.judge(call, spec, slot, kind);
  }

  /** What a request is told, and what when it has waited for long. */
  fate(line: string, kind: "read" | "write"): readonly (string | undefined)[] {
    const first = this.judge(line, kind);
    this.heldSince = 0;
    this.now = LATE_MILLIS;
    const last = this.judge(line, kind);
    this.heldSince = undefined;
    this.now = 0;
    return first === last ? [first] : [first, last];
  }
}

const ASSIGN: SlotChange = { kind: "assign", slots: ALL_SLOTS };
const SEAL: SlotChange = { kind: "seal", move: "m", slots: MOVED_SLOTS, target: "g2" };
const MOVING = `TRYAGAIN Hash slot ${FOO} is moving to another group; nothing was executed`;
const NOT_SERVED = "CLUSTERDOWN Hash slot not served";

describe("access by slot", () => {
  it("waits until the group knows its slots", () => {
    const rig = new Rig();
    assert.deepEqual(rig.fate("GET foo", "read"), [NOT_YET, NOT_SERVED]);
    assert.deepEqual(rig.fate("FLUSHALL", "write"), [NOT_YET, NOT_SERVED]);
    assert.deepEqual(rig.fate("DBSIZE", "read"), [undefined]);
    rig.follow(ASSIGN);
    for (const line of ["GET foo", "MGET {a}1 {a}2", "FLUSHALL"])
      assert.deepEqual(rig.fate(line, "write"), [undefined]);
    assert.match(rig.judge("MGET a b", "read")!, /^CROSSSLOT /);
  });

  it("of a slot that goes: writes wait, then reads, then both are sent after it", () => {
    const rig = new Rig(ASSIGN, SEAL);
    rig.map = firstSlotMap({ g1: ALL_SLOTS });
    assert.deepEqual(rig.fate("GET foo", "read"), [undefined]);
    assert.deepEqual(rig.fate("SET foo 1", "write"), [NOT_YET, MOVING]);
    assert.equal(rig.judge("SET foo 1", "write", { isRepeated: () => false }), NOT_YET);
    assert.equal(rig.judge("SET foo 1", "write", { isRepeated: () => true }), undefined, "it changes nothing");
    assert.deepEqual(rig.fate("SET bar 1", "write"), [undefined]);
    assert.deepEqual(rig.fate("FLUSHDB", "write"), [NOT_YET, "TRYAGAIN Slots are moving (m); nothing was executed"]);
    rig.follow({ kind: "close", move: "m" });
    assert.deepEqual(rig.fate("GET foo", "read"), [NOT_YET, MOVING]);
    assert.equal(rig.judge("SET foo 1", "write", { isRepeated: () => true }), NOT_YET);
    assert.equal(rig.access.redirect(FOO), undefined);
    rig.follow({ kind: "release", move: "m" });
    assert.deepEqual(rig.fate("GET foo", "read"), [NOT_YET, NOT_SERVED], "who has it is not known yet");
    assert.ok(rig.refreshed > 0, "so it is asked for");
    rig.map = firstSlotMap({ g2: ALL_SLOTS });
    assert.deepEqual(rig.fate("GET foo", "read"), [`MOVED ${FOO} h:2`]);
    assert.equal(rig.access.redirect(FOO), `MOVED ${FOO} h:2`);
    assert.deepEqual(rig.fate("FLUSHDB", "write"), [undefined]);
    rig.map = firstSlotMap({ g3: ALL_SLOTS });
    assert.deepEqual(rig.fate("GET foo", "read"), [NOT_YET, NOT_SERVED], "where its primary is is not known");
    rig.map = firstSlotMap({});
    assert.deepEqual(rig.fate("GET foo", "read"), [NOT_SERVED]);
  });

  it("of a slot that comes: sent to its owner, then held, then answered", () => {
    const rig = new Rig({ kind: "assign", slots: [] });
    rig.map = firstSlotMap({ g2: ALL_SLOTS });
    rig.follow({ kind: "import", move: "m", slots: MOVED_SLOTS, source: "g2" });
    assert.deepEqual(rig.fate("GET foo", "read"), [`MOVED ${FOO} h:2`]);
    assert.deepEqual(rig.fate("FLUSHDB", "write"), [undefined], "the copy begins anew");
    rig.follow({ kind: "ready", move: "m", sourceSeq: 5 });
    assert.deepEqual(rig.fate("GET foo", "read"), [NOT_YET, MOVING]);
    assert.deepEqual(rig.fate("FLUSHDB", "write"), [NOT_YET, "TRYAGAIN Slots are moving (m); nothing was executed"]);
    rig.follow({ kind: "activate", move: "m" });
    assert.deepEqual(rig.fate("SET foo 1", "write"), [undefined]);
  });

  it("of a transaction: all its keys and what it watches count", () => {
    const rig = new Rig(ASSIGN, SEAL);
    const queue = (line: string) => {
      const args = Args.of(...line.split(" "));
      rig.session.transaction ??= { queue: [], queuedBytes: 0, aborted: false };
      rig.session.transaction.queue.push({ spec: commandTable.find(args)!, args });
    };
    queue("GET foo");
    assert.deepEqual(rig.fate("EXEC", "read"), [undefined]);
    queue("SET {foo}1 1");
    assert.deepEqual(rig.fate("EXEC", "write"), [NOT_YET, MOVING]);
    queue("SET bar 1");
    assert.match(rig.judge("EXEC", "write")!, /^CROSSSLOT /);
    rig.session.transaction = undefined;
    queue("SET bar 1");
    queue("FLUSHALL");
    assert.match(rig.fate("EXEC", "write")[1]!, /^TRYAGAIN Slots are moving/);
    rig.session.transaction = undefined;
    queue("SET bar 1");
    rig.session.watched.add("foo");
    assert.deepEqual(rig.fate("EXEC", "write"), [undefined], "what is sealed does not change");
    rig.follow({ kind: "close", move: "m" });
    assert.match(rig.fate("EXEC", "write")[1]!, /^TRYAGAIN /);
  });
});
