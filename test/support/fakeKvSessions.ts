import assert from "node:assert/strict";

/** `Once` of kv.proto as it is decoded. */
export interface FakeOnce {
  readonly session: Buffer;
  readonly number: number;
  readonly firstOpen: number;
}

interface Row {
  firstOpen: number;
  readonly answers: Map<number, object | "forgotten">;
}

const ANSWERS_MAX = 1000;
const ANSWER_BYTES_MAX = 1024;
const FAILED_PRECONDITION = 9;
const RESOURCE_EXHAUSTED = 8;
const SESSION_BYTES = 16;
let granted = 0;

/** A session as kv.proto's `OpenSession` gives it: when it ends, and something of its own. */
export function fakeSession(lifeMillis: number): Buffer {
  const session = Buffer.alloc(SESSION_BYTES);
  session.writeUIntBE(Date.now() + lifeMillis, 0, 6);
  session.writeUInt32BE(++granted, 12);
  return session;
}

/** What the slots of a group remember of sessions. */
export class FakeKvSessions {
  /** Every write with `once`, as it came. */
  readonly seen: (FakeOnce & { readonly slot: number })[] = [];
  /** Writes that were evaluated. */
  evaluated = 0;
  readonly #rows = new Map<string, Row>();

  get rows(): number {
    return this.#rows.size;
  }

  moveTo(other: FakeKvSessions): void {
    for (const [name, row] of this.#rows) other.#rows.set(name, row);
    this.#rows.clear();
  }

  /** Answers as it was answered before, or evaluates. */
  answer(once: FakeOnce | null | undefined, slot: number, evaluate: () => object): object {
    if (once == null) {
      this.evaluated++;
      return evaluate();
    }
    this.seen.push({ ...once, slot });
    assert.ok(once.number >= 1 && once.firstOpen <= once.number, JSON.stringify(once));
    const name = `${slot} ${once.session.toString("hex")}`;
    const row = this.#rows.get(name) ?? { firstOpen: 1, answers: new Map<number, object>() };
    const known = row.answers.get(once.number);
    if (known === "forgotten") return refused(FAILED_PRECONDITION, "REASON_REPLY_FORGOTTEN");
    if (known !== undefined) return known;
    if (Date.now() > once.session.readUIntBE(0, 6)) return refused(FAILED_PRECONDITION, "REASON_SESSION_EXPIRED");
    row.firstOpen = Math.max(row.firstOpen, once.firstOpen);
    if (once.number < row.firstOpen) return refused(FAILED_PRECONDITION, "REASON_REPLAYED");
    for (const number of row.answers.keys()) if (number < row.firstOpen) row.answers.delete(number);
    if (row.answers.size >= ANSWERS_MAX) return refused(RESOURCE_EXHAUSTED, "REASON_TOO_MANY");
    this.evaluated++;
    const answer = evaluate();
    this.#rows.set(name, row);
    row.answers.set(once.number, JSON.stringify(answer).length > ANSWER_BYTES_MAX ? "forgotten" : answer);
    return answer;
  }
}

function refused(code: number, reason: string): object {
  return { error: { code, message: reason, detail: { reason } } };
}
