import { parseDouble } from "../../../base/double.ts";
import { VALUE_STRING } from "../../state/keySpace.ts";
import type { Call } from "../call.ts";
import { fail, NO_SUCH_KEY } from "../errors.ts";
import { peekArg } from "../generic/peek.ts";
import type { CommandSpec } from "../spec.ts";
import { stringEncoding } from "../strings/encoding.ts";
import { subcommandSyntaxError } from "./help.ts";

const SLEEP_MILLIS_MAX = 60_000;
const NOT_ALLOWED =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, ' +
  "otherwise you need to set this option in the configuration file, and then restart the server.";

const HELP = [
  "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
  "OBJECT <key>",
  "    Show low level info about <key> and its value.",
  "RELOAD",
  "    Bring all changes to the store on disk.",
  "SET-ACTIVE-EXPIRE <0|1>",
  "    Whether keys are deleted as soon as their time is over.",
  "SLEEP <seconds>",
  "    Stop the server for <seconds>. Decimals allowed.",
  "HELP",
  "    Prints this help.",
];

/** For tests: allowed only where the node was started with `--enable-debug-command`. */
export const debug: CommandSpec = {
  name: "debug",
  arity: -2,
  flags: ["admin", "noscript", "loading", "stale"],
  group: "server",
  since: "1.0.0",
  summary: "A container for debugging commands",
  isInternal: true,
  complexity: "Depends on subcommand.",
  evaluate: (call) => {
    if (!call.node.debugAllowed) return fail(call, NOT_ALLOWED);
    const subcommand = SUBCOMMANDS.get(call.args.text(1).toLowerCase());
    if (subcommand === undefined || !subcommand.lengths.includes(call.args.length)) {
      return fail(call, subcommandSyntaxError("debug", call.args.text(1)));
    }
    subcommand.evaluate(call);
  },
};

const SUBCOMMANDS: ReadonlyMap<
  string,
  { readonly lengths: readonly number[]; readonly evaluate: (call: Call) => void }
> = new Map([
  ["help", { lengths: [2], evaluate: help }],
  ["sleep", { lengths: [3], evaluate: sleep }],
  ["object", { lengths: [3, 4], evaluate: object }],
  ["set-active-expire", { lengths: [3], evaluate: setActiveExpire }],
  ["reload", { lengths: [2, 3, 4, 5], evaluate: reload }],
]);

function help({ reply }: Call): void {
  reply.array(HELP.length);
  for (const line of HELP) reply.simple(line);
}

function sleep(call: Call): void {
  // What is no number counts as 0, as in Redis.
  const seconds = parseDouble(call.args.text(2)) ?? 0;
  if (seconds > 0) call.node.sleep(Math.min(seconds * 1000, SLEEP_MILLIS_MAX));
  call.reply.ok();
}

function setActiveExpire(call: Call): void {
  call.node.setActiveExpiry(call.args.text(2) !== "0");
  call.reply.ok();
}

function reload(call: Call): void {
  call.node.save();
  call.reply.ok();
}

/** One line in the form that Redis's own test tools take apart. */
function object(call: Call): void {
  const { args, state } = call;
  if (args.length === 4 && !args.is(3, "fast")) return fail(call, subcommandSyntaxError("debug", args.text(1)));
  const ref = peekArg(call, 2);
  if (ref === 0) return fail(call, NO_SUCH_KEY);
  const isString = state.type(ref) === VALUE_STRING;
  const encoding = isString ? stringEncoding(state, ref) : state.collection(ref).encoding;
  const idle = state.idleSeconds(ref);
  const bytes = isString ? state.stringLength(ref) : state.memoryBytes(ref);
  const lru = (Math.floor(call.now / 1000) - idle) & 0xff_ffff;
  call.reply.simple(
    `Value at:0x${ref.toString(16)} refcount:1 encoding:${encoding} serializedlength:${bytes} lru:${lru} lru_seconds_idle:${idle}`,
  );
}
