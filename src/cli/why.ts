import { Command } from "commander";
import type { ClusterDecision } from "../platform/rpc/clusterService.ts";
import { countOption } from "./counts.ts";
import { addReach, fail, printJson, type Reach, withMaster } from "./reach.ts";

interface Options extends Reach {
  readonly count: number;
}

/** `holdfast why`: what the master has decided, and for which reasons. */
export function whyCommand(): Command {
  const command = new Command("why").description("show what the master has decided lately, and why");
  return countOption(addReach(command), 20)
    .exitOverride()
    .action((options: Options) =>
      withMaster(options, async (client) => {
        const decisions = await client.why(options.count);
        if (!decisions.ok) return fail(decisions.error.message);
        if (options.json === true) printJson(decisions.value);
        else process.stdout.write(decisionsText(decisions.value));
        return 0;
      }),
    );
}

/** One line each, the newest last, where a person looks first. */
export function decisionsText(decisions: readonly ClusterDecision[]): string {
  if (decisions.length === 0) return "the master that is active has decided nothing yet\n";
  const lines = decisions.map(
    ({ at, kind, text, executed }) =>
      `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}  ${kind}: ${text}${executed ? "" : " (advice only)"}`,
  );
  return lines
    .reverse()
    .map((line) => `${line}\n`)
    .join("");
}
