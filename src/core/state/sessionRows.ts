import { copyBytes } from "../../base/copyBytes.ts";
import { type KeySpace, VALUE_SESSION } from "./keySpace.ts";
import type { SessionMutation } from "./sessionMutation.ts";
import { ROW_HEAD_BYTES, SessionRow, SessionRowWriter, writeRowHead } from "./sessionRow.ts";
import type { Ref } from "./slab.ts";

/** Makes `row` what is remembered at `ref`: 0 for none. What else a key may hold is none, too. It is of use until the next change. */
export function loadSessionRow(state: KeySpace, ref: Ref, row: SessionRow): void {
  if (ref === 0 || state.type(ref) !== VALUE_SESSION) return row.none();
  const page = state.stringPage(ref);
  if (page === null) {
    const view = state.stringView(ref);
    return row.load(view, 0);
  }
  row.load(page, state.stringStart(ref));
}

/** Does to the rows of sessions what mutations say. */
export class SessionRows {
  readonly #state: KeySpace;
  readonly #own = new SessionRow();
  readonly #writer = new SessionRowWriter();
  readonly #head = new Uint8Array(ROW_HEAD_BYTES);

  constructor(state: KeySpace) {
    this.#state = state;
  }

  /**
   * The row's key is the one that was looked up last, and `ref` what was found. `bytes` has the answers, and nothing of them is the row's.
   * `loaded` is what is there, if that is known, and without what is below the first open number.
   */
  add(ref: Ref, answers: SessionMutation, bytes: Uint8Array, seq: number, loaded?: SessionRow): void {
    const state = this.#state;
    const row = loaded ?? this.#own;
    if (loaded === undefined) {
      loadSessionRow(state, ref, row);
      row.forgetBelow(answers.firstOpen);
    }
    const writer = this.#writer;
    if (answers.count === 1) {
      if (this.#append(ref, row, answers, bytes, seq)) return;
      writer.begin(row);
      writer.add(answers.first, bytes, answers.start, answers.end);
    } else {
      writer.begin(row);
      for (const { number, start, end } of answers.each(bytes)) writer.add(number, bytes, start, end);
    }
    writer.end();
    state.setSessionRow(writer.out.bytes, writer.out.length, answers.expireAt, seq);
  }

  /** Writes to the end of a row where it lies, if it is the greatest number and there is room, or the row is a large one. */
  #append(ref: Ref, row: SessionRow, answers: SessionMutation, bytes: Uint8Array, seq: number): boolean {
    const { first } = answers;
    if (first <= row.last || first < row.firstOpen || row.start === row.end) return false;
    return this.#state.stringPage(ref) === null
      ? this.#appendLarge(ref, row, answers, bytes, seq)
      : this.#appendSmall(ref, row, answers, bytes, seq);
  }

  #appendSmall(
    ref: Ref,
    row: SessionRow,
    { first, start, end }: SessionMutation,
    bytes: Uint8Array,
    seq: number,
  ): boolean {
    const state = this.#state;
    const page = row.bytes;
    let firstAt = row.at - row.start;
    if (row.count === 0) {
      firstAt = ROW_HEAD_BYTES;
      row.end = row.start + ROW_HEAD_BYTES;
    }
    const room = state.stringLength(ref) - (row.end - row.start) - (end - start);
    if (room < 0) {
      // Those that are forgotten make room, if it is worth the copying.
      const freed = firstAt - ROW_HEAD_BYTES;
      if (room + freed < 0 || freed * 8 < row.end - row.at) return false;
      page.copyWithin(row.start + ROW_HEAD_BYTES, row.at, row.end);
      row.end -= freed;
      firstAt = ROW_HEAD_BYTES;
    }
    copyBytes(bytes, start, end, page, row.end);
    const endsAt = row.end - row.start + end - start;
    writeRowHead(page, row.start, row.count + 1, firstAt, endsAt, row.firstOpen, first);
    state.sessionRowChanged(ref, seq);
    return true;
  }

  /** So an answer costs the same however many there are. A row of which half is forgotten is written anew. */
  #appendLarge(
    ref: Ref,
    row: SessionRow,
    { first, start, end }: SessionMutation,
    bytes: Uint8Array,
    seq: number,
  ): boolean {
    const state = this.#state;
    const firstAt = row.at - row.start;
    const endsAt = row.end - row.start;
    if (firstAt * 2 > endsAt) return false;
    writeRowHead(this.#head, 0, row.count + 1, firstAt, endsAt + end - start, row.firstOpen, first);
    state.writeLarge(ref, 0, this.#head, seq);
    state.writeLarge(ref, endsAt, bytes.subarray(start, end), seq);
    return true;
  }
}
