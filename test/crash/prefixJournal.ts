import { matches, type Observation, type Write } from "./history.ts";
import { type Draft, type Lane, markKeyOf } from "./lane.ts";
import { applyCommand, describeEntry, type KeySpace } from "./model.ts";

interface Line {
  readonly draft: Draft;
  readonly sentMillis: number;
  acknowledgedMillis?: number;
}

/**
 * The oracle for a server that may lose its newest writes but nothing else: of every connection's writes the first few must be there,
 * whole, and the rest must not; and of writes on different connections none may survive another that was acknowledged before it was
 * sent. Every write is a transaction that also sets its lane's mark, so the mark tells how far a lane was kept.
 */
export class PrefixJournal {
  readonly #lines = new Map<Lane, Line[]>();

  /** A lane that draws what another draws, as transactions with the mark, and keeps a journal of it. */
  keep(inner: Lane): Lane {
    const lines: Line[] = [];
    const draw = (): Draft => {
      const mark = ["SET", markKeyOf(inner.history), String(inner.history.numberNext)];
      const draft: Draft = { commands: [...inner.draw().commands, mark], transaction: true };
      lines.push({ draft, sentMillis: Date.now() });
      return draft;
    };
    const lane = { ...inner, draw };
    this.#lines.set(lane, lines);
    return lane;
  }

  /** A reply arrived. */
  acknowledge(lane: Lane, write: Write): void {
    const line = this.#lines.get(lane)?.[write.number - 1];
    if (line !== undefined) line.acknowledgedMillis = Date.now();
  }

  /**
   * What is wrong with what a server kept. Everything acknowledged before `durableMillis` (Unix clock) must be there.
   */
  complaints(observation: Observation, durableMillis: number): string[] {
    const kept = new Map([...this.#lines.keys()].map((lane) => [lane, markIn(observation, lane)]));
    return [...kept].flatMap(([lane, count]) => [
      ...this.#notReplayed(lane, count, observation),
      ...this.#lostTooMuch(lane, count, durableMillis),
      ...this.#outlived(lane, count, kept),
    ]);
  }

  /** How many writes of all lanes were acknowledged and are not there. */
  lostCount(observation: Observation): number {
    let lost = 0;
    for (const [lane, lines] of this.#lines) {
      lost += lines.slice(markIn(observation, lane)).filter((it) => it.acknowledgedMillis !== undefined).length;
    }
    return lost;
  }

  #notReplayed(lane: Lane, count: number, observation: Observation): string[] {
    const space: KeySpace = new Map();
    for (const { draft } of (this.#lines.get(lane) ?? []).slice(0, count)) {
      for (const command of draft.commands) applyCommand(space, command);
    }
    const wrong = [...lane.history.keys].find((key) => !matches(space.get(key), observation, key));
    if (wrong === undefined) return [];
    const found = describeEntry(observation.keys.get(wrong));
    return [`${wrong} should be ${describeEntry(space.get(wrong))} after ${count} writes, found ${found}`];
  }

  #lostTooMuch(lane: Lane, count: number, durableMillis: number): string[] {
    const lines = this.#lines.get(lane) ?? [];
    const needed = lines.findLastIndex((it) => (it.acknowledgedMillis ?? Number.POSITIVE_INFINITY) < durableMillis) + 1;
    return count >= needed
      ? []
      : [`${lane.history.name}: ${count} writes were kept, the first ${needed} were old enough to be`];
  }

  /** Writes of other lanes that were kept although they were sent after this lane's first lost one had been acknowledged. */
  #outlived(lane: Lane, count: number, kept: ReadonlyMap<Lane, number>): string[] {
    const lost = this.#lines.get(lane)?.[count]?.acknowledgedMillis ?? Number.POSITIVE_INFINITY;
    return [...kept].flatMap(([other, otherCount]) => {
      const last = this.#lines.get(other)?.[otherCount - 1];
      if (last === undefined || last.sentMillis <= lost) return [];
      return [`${other.history.name} kept write ${otherCount}, ${lane.history.name} lost the older ${count + 1}`];
    });
  }
}

function markIn(observation: Observation, lane: Lane): number {
  const mark = observation.keys.get(markKeyOf(lane.history))?.value;
  return mark?.kind === "string" ? Number(mark.text) : 0;
}
