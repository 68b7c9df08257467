import { appendFileSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { Command, CommanderError } from "commander";
import { kvCommands } from "./kvCommands.ts";
import { addKvReach, connectKv, failureText, type KvClient, type KvReach, kvSession } from "./kvSession.ts";
import { wordsOf } from "./kvText.ts";

const HISTORY_MAX = 1000;
const PROMPT = "holdfast> ";

/** `holdfast cli`: commands one after another over one connection, with a history and completion. */
export function cliCommand(): Command {
  return addKvReach(new Command("cli").description("read and write data at a prompt"))
    .addHelpText("after", MORE_HELP)
    .exitOverride()
    .action((reach: KvReach) =>
      kvSession(reach, async (client) => {
        await new Prompt(client, reach).run();
        return 0;
      }),
    );
}

const MORE_HELP = `
At the prompt: get, put, del, incr, scan, watch with their arguments and options, in quotes where they have blanks; help, exit.
What was typed is kept in ~/.holdfast_history, or in the file that HOLDFAST_HISTORY names; in none if that is empty.`;

class Prompt {
  readonly #client: KvClient;
  readonly #reach: KvReach;
  readonly #history = process.env["HOLDFAST_HISTORY"] ?? join(homedir(), ".holdfast_history");

  constructor(client: KvClient, reach: KvReach) {
    this.#client = client;
    this.#reach = reach;
  }

  /** Until `exit`, or the end of the input. */
  async run(): Promise<void> {
    const isTerminal = process.stdin.isTTY === true;
    const lines = createInterface({
      input: process.stdin,
      output: isTerminal ? process.stdout : undefined,
      terminal: isTerminal,
      prompt: isTerminal ? PROMPT : "",
      history: this.#readHistory(),
      historySize: HISTORY_MAX,
      removeHistoryDuplicates: true,
      completer: (line: string) => completions(line),
    });
    lines.prompt();
    for await (const line of lines) {
      if (!(await this.#carryOut(line.trim(), lines))) break;
      lines.prompt();
    }
    lines.close();
  }

  /** False when it is the last one. */
  async #carryOut(line: string, lines: Interface): Promise<boolean> {
    if (line === "") return true;
    if (line === "exit" || line === "quit") return false;
    if (process.stdin.isTTY) this.#remember(line);
    const words = wordsOf(line);
    if (words === undefined) {
      console.error("a quote is not closed");
      return true;
    }
    lines.pause();
    try {
      await this.#program().parseAsync(words, { from: "user" });
    } catch (error) {
      // Commander has said what is wrong already.
      if (!(error instanceof CommanderError)) console.error(failureText(error));
    }
    lines.resume();
    return true;
  }

  #program(): Command {
    const program = new Command("")
      .exitOverride()
      .helpOption(false)
      .configureHelp({ commandUsage: () => "<command>" });
    const shared = this.#reach.json === undefined ? {} : { json: this.#reach.json };
    for (const command of kvCommands(async (flags, run) => {
      const { connect } = flags;
      if (connect === undefined) {
        await run(this.#client);
        return;
      }
      const other = await connectKv({ ...this.#reach, ...flags });
      try {
        await run(other);
      } finally {
        await other.close();
      }
    })) {
      for (const [name, value] of Object.entries(shared)) command.setOptionValue(name, value);
      program.addCommand(command.configureHelp({ commandUsage: (each) => `${each.name()} ${each.usage()}` }));
    }
    return program;
  }

  #readHistory(): string[] {
    if (this.#history === "") return [];
    try {
      return readFileSync(this.#history, "utf8").trimEnd().split("\n").reverse().slice(0, HISTORY_MAX);
    } catch {
      return [];
    }
  }

  #remember(line: string): void {
    if (this.#history === "") return;
    try {
      appendFileSync(this.#history, `${line}\n`, { mode: 0o600 });
    } catch {
      // A history that cannot be kept is no reason to stop.
    }
  }
}

/** Commands and their options that begin as the last word does: what `readline` wants of a completer. */
export function completions(line: string): [string[], string] {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) ?? "";
  const commands = kvCommands(async () => undefined);
  if (words.length === 1) {
    const names = [...commands.map((command) => command.name()), "help", "exit"];
    return [names.filter((name) => name.startsWith(last)).map((name) => `${name} `), last];
  }
  const command = commands.find((each) => each.name() === words[0]);
  if (command === undefined || !last.startsWith("-")) return [[], last];
  const options = command.options.map(({ long }) => long ?? "");
  return [options.filter((option) => option.startsWith(last)).map((option) => `${option} `), last];
}
