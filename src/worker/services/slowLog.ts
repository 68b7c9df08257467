import type { Args } from "../../core/command/args.ts";
import type { SlowCommand, SlowLog as SlowLogOfCommands } from "../../core/command/nodeServices.ts";
import type { Session } from "../../core/command/session.ts";

/** Redis's limits of what an entry keeps of a request. */
const ARGUMENTS_MAX = 32;
const ARGUMENT_BYTES_MAX = 128;

/** The commands that took long, newest first. */
export class SlowLog implements SlowLogOfCommands {
  readonly #entries: SlowCommand[] = [];
  #nextId = 0;

  get length(): number {
    return this.#entries.length;
  }

  /** `atSeconds` is the wall clock. Keeps at most `lengthMax` entries. */
  add(args: Args, session: Session, atSeconds: number, micros: number, lengthMax: number): void {
    const { address, name } = session;
    this.#entries.unshift({ id: this.#nextId++, at: atSeconds, micros, args: excerpt(args), address, name });
    this.trim(lengthMax);
  }

  trim(lengthMax: number): void {
    if (this.#entries.length > lengthMax) this.#entries.length = lengthMax;
  }

  newest(count: number): readonly SlowCommand[] {
    return this.#entries.slice(0, count);
  }

  clear(): void {
    this.#entries.length = 0;
  }
}

function excerpt(args: Args): string[] {
  const isLong = args.length > ARGUMENTS_MAX;
  const kept = isLong ? ARGUMENTS_MAX - 1 : args.length;
  const texts: string[] = [];
  for (let i = 0; i < kept; i++) {
    const left = args.byteLength(i) - ARGUMENT_BYTES_MAX;
    const text = args.text(i);
    if (isSecret(args, i)) texts.push("(redacted)");
    else texts.push(left > 0 ? `${text.slice(0, ARGUMENT_BYTES_MAX)}... (${left} more bytes)` : text);
  }
  if (isLong) texts.push(`... (${args.length - kept} more arguments)`);
  return texts;
}

const SECRET_SETTINGS = ["requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"];

/** Passwords, and the names that go with them, are not for a log. */
function isSecret(args: Args, i: number): boolean {
  if (args.is(0, "auth")) return i >= 1;
  if (args.is(0, "hello")) return (i >= 3 && args.is(i - 1, "auth")) || (i >= 4 && args.is(i - 2, "auth"));
  if (!args.is(0, "config") || i < 3 || !args.is(1, "set")) return false;
  return i % 2 === 1 && SECRET_SETTINGS.some((name) => args.is(i - 1, name));
}
