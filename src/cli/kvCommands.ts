import { Command } from "commander";
import type { Change, Entry, ScanItem, WriteResult } from "../client/api.ts";
import { addKvReach, type KvReach, type KvSession } from "./kvSession.ts";
import { jsonValue, shownText } from "./kvText.ts";

/** There is no such key, or a condition did not hold. */
const EXIT_NO = 1;

type Bytes = Uint8Array;

interface WriteFlags extends KvReach {
  readonly ttl?: string;
  readonly ifAbsent?: true;
  readonly ifVersion?: string;
}

interface ScanFlags extends KvReach {
  readonly keys?: true;
  readonly limit?: string;
}

interface WatchFlags extends ScanFlags {
  readonly prefix?: true;
  readonly from?: string;
}

/** Commands that read and write data: the table of `holdfast` itself and of `holdfast cli`. */
export function kvCommands(session: KvSession): Command[] {
  const commands = [getCommand, putCommand, delCommand, incrCommand, scanCommand, watchCommand];
  return commands.map((make) => addKvReach(make(session)).exitOverride());
}

function getCommand(session: KvSession): Command {
  return new Command("get")
    .description("print the value of a key")
    .argument("<key>")
    .action((key: string, flags: KvReach) =>
      session(flags, async (client) => {
        const entry = await client.getWithVersion(key);
        if (flags.json === true) printLine({ key, ...entryJson(entry) });
        else if (entry !== undefined) printValue(entry.value);
        else console.error("there is no such key");
        return entry === undefined ? EXIT_NO : 0;
      }),
    );
}

function putCommand(session: KvSession): Command {
  return new Command("put")
    .description("set a key")
    .argument("<key>")
    .argument("[value]", "read from standard input if it is left out")
    .option("--ttl <ms>", "how long it lives")
    .option("--if-absent", "only if there is no such key")
    .option("--if-version <version>", "only if this is its version")
    .action((key: string, value: string | undefined, flags: WriteFlags) =>
      session(flags, async (client) => {
        const { ttl, ifAbsent, ifVersion } = flags;
        const options = {
          ...(ttl !== undefined && { timeToLiveMillis: Number(ttl) }),
          ...(ifAbsent === true && { ifAbsent }),
          ...(ifVersion !== undefined && { ifVersion }),
        };
        return printWrite(flags, key, await client.put(key, value ?? (await standardInput()), options), "not put");
      }),
    );
}

function delCommand(session: KvSession): Command {
  return new Command("del")
    .description("remove a key")
    .argument("<key>")
    .option("--if-version <version>", "only if this is its version")
    .action((key: string, flags: WriteFlags) =>
      session(flags, async (client) => {
        const { ifVersion } = flags;
        const result = await client.delete(key, ifVersion === undefined ? {} : { ifVersion });
        return printWrite(flags, key, result, "nothing to remove");
      }),
    );
}

function incrCommand(session: KvSession): Command {
  return new Command("incr")
    .description("add to a number and print the sum")
    .argument("<key>")
    .argument("[by]", "a whole number; after -- if it is negative", "1")
    .option("--ttl <ms>", "how long a key lives that is made by this")
    .action((key: string, by: string, flags: WriteFlags) =>
      session(flags, async (client) => {
        const { ttl } = flags;
        const options = ttl === undefined ? {} : { timeToLiveMillis: Number(ttl) };
        const value = await client.increment(key, integerOf(by), options);
        if (flags.json === true) printLine({ key, value: String(value) });
        else console.log(String(value));
        return 0;
      }),
    );
}

function scanCommand(session: KvSession): Command {
  return new Command("scan")
    .description("print the keys that begin so, and their values")
    .argument("[prefix]", "all keys if it is left out", "")
    .option("--keys", "keys only")
    .option("--limit <count>", "end after so many")
    .action((prefix: string, flags: ScanFlags) =>
      session(flags, async (client) => {
        let left = limitOf(flags);
        const values = flags.keys !== true;
        for await (const item of client.scan({ prefix, values })) {
          if (left-- <= 0) break;
          if (flags.json === true) printLine(itemJson(item));
          else console.log(values ? `${shownText(item.key)}\t${itemText(item)}` : shownText(item.key));
        }
        return 0;
      }),
    );
}

function watchCommand(session: KvSession): Command {
  return new Command("watch")
    .description("print changes of a key as they happen, until Ctrl-C")
    .argument("<key>")
    .option("--prefix", "of all keys that begin so")
    .option("--from <position>", "the changes after this position first (--json tells positions)")
    .option("--keys", "leave out the values")
    .option("--limit <count>", "end after so many")
    .action((key: string, flags: WatchFlags) =>
      session(flags, async (client) => {
        let left = limitOf(flags);
        const { from } = flags;
        const watch = client.watch({
          ...(flags.prefix === true ? { prefix: key } : { key }),
          ...(from !== undefined && { from }),
          values: flags.keys !== true,
        });
        const stop = (): void => watch.close();
        process.once("SIGINT", stop);
        try {
          for await (const change of watch) {
            if (flags.json === true) printLine(changeJson(change));
            else console.log(changeText(change));
            if (--left <= 0) break;
          }
        } finally {
          process.removeListener("SIGINT", stop);
        }
        return 0;
      }),
    );
}

function limitOf({ limit }: ScanFlags): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Number(limit) || 1);
}

/** What is no number is refused by the library, which names the field. */
function integerOf(text: string): bigint {
  return /^[+-]?\d{1,19}$/.test(text) ? BigInt(text) : (Number.NaN as unknown as bigint);
}

function entryJson(entry: Entry<Bytes> | undefined): object {
  if (entry === undefined) return { found: false };
  const { value, version, timeToLiveMillis } = entry;
  return { found: true, value: jsonValue(value), version, timeToLiveMillis };
}

function itemJson({ key, type, value, version, timeToLiveMillis }: ScanItem<Bytes>): object {
  return { key: jsonValue(key), type, value: jsonValue(value), version, timeToLiveMillis };
}

function itemText({ type, value }: ScanItem<Bytes>): string {
  return value === undefined ? `(${type})` : shownText(value);
}

function changeJson(change: Change<Bytes>): object {
  const { kind, key, type, value, version, expiresAtMillis, isCatchUp, position } = change;
  return { kind, key: jsonValue(key), type, value: jsonValue(value), version, expiresAtMillis, isCatchUp, position };
}

function changeText({ kind, key, value, type }: Change<Bytes>): string {
  if (kind !== "set") return `${kind} ${shownText(key)}`.trimEnd();
  return `set ${shownText(key)} ${value === undefined ? `(${type})` : shownText(value)}`;
}

function printWrite(flags: KvReach, key: string, result: WriteResult<Bytes>, otherwise: string): number {
  const { isApplied, version } = result;
  if (flags.json === true) printLine({ key, applied: isApplied, version });
  else if (isApplied) console.log("ok");
  else console.error(otherwise);
  return isApplied ? 0 : EXIT_NO;
}

/** To a terminal as text, with an end of line; to a file or another program as it is. */
function printValue(value: Bytes): void {
  if (process.stdout.isTTY) console.log(shownText(value));
  else process.stdout.write(Buffer.concat([value, Buffer.from("\n")]));
}

function printLine(value: object): void {
  console.log(JSON.stringify(value));
}

async function standardInput(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
