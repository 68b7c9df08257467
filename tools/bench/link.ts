/**
 * What a message costs over a link and over a gRPC stream: `node --import tsx tools/bench/link.ts [--seconds S]`. Two processes on
 * this machine. gRPC gets its messages as they are, without a message format, which flatters it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Channel, type ChannelServer, grpcTransport, linkTransport, type Transport } from "./transports.ts";

interface Workload {
  readonly name: string;
  readonly bytes: number;
  /** So many are under way at most; one of them is acknowledged by itself, several by turns. */
  readonly window: number;
}

interface Sample {
  readonly messages: number;
  readonly seconds: number;
  readonly clientMicros: number;
  readonly serverMicros: number;
  /** Round trips, sorted, if one message was under way at a time. */
  readonly tripMicros: readonly number[];
}

const WORKLOADS: readonly Workload[] = [
  { name: "100 B, one under way", bytes: 100, window: 1 },
  { name: "100 B, 50 under way", bytes: 100, window: 50 },
  { name: "100 B, 2,000 under way", bytes: 100, window: 2000 },
  { name: "64 KiB, 64 under way", bytes: 64 * 1024, window: 64 },
];

const TRANSPORTS: { readonly [name: string]: Transport } = {
  "link, TCP": linkTransport,
  "gRPC stream": grpcTransport,
};

const { values } = parseArgs({ options: { seconds: { type: "string", default: "2" }, serve: { type: "string" } } });
if (values.serve === undefined) await measureAll(Number(values.seconds));
else await serve(TRANSPORTS[values.serve]!);

async function measureAll(seconds: number): Promise<void> {
  const rows = [["", "messages/s", "MB/s", "CPU µs sender + receiver", "round trip µs p50 / p99"]];
  for (const workload of WORKLOADS) {
    for (const [name, transport] of Object.entries(TRANSPORTS)) {
      const sample = await measure(name, transport, workload, seconds);
      rows.push(row(`${workload.name}: ${name}`, workload, sample));
    }
  }
  const [head, ...body] = rows.map((cells) => `| ${cells.join(" | ")} |`);
  console.log([head, `|${"---|".repeat(rows[0]!.length)}`, ...body].join("\n"));
}

async function measure(name: string, transport: Transport, workload: Workload, seconds: number): Promise<Sample> {
  const server = fork(fileURLToPath(import.meta.url), ["--serve", name], { execArgv: process.execArgv });
  try {
    const port = Number(await ask(server, "port"));
    const channel = await transport.call(port);
    await run(channel, workload, seconds / 4);
    const serverBefore = Number(await ask(server, "cpu"));
    const sample = await run(channel, workload, seconds);
    const serverMicros = Number(await ask(server, "cpu")) - serverBefore;
    await channel.close();
    return { ...sample, serverMicros };
  } finally {
    server.kill();
  }
}

function ask(server: ChildProcess, question: string): Promise<unknown> {
  return new Promise((resolve) => {
    server.once("message", resolve);
    server.send(question);
  });
}

/** Keeps the window full until the time is over, then waits for what is under way. */
function run(channel: Channel, { bytes, window }: Workload, seconds: number): Promise<Sample> {
  const message = new Uint8Array(bytes).fill(7);
  const tripMicros: number[] = [];
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let sent = 0;
  let acknowledged = 0;
  let sentAt = begin;
  return new Promise((resolve) => {
    const fill = (now: number): void => {
      if (now - begin > seconds * 1000) return;
      sentAt = now;
      while (sent - acknowledged < window) {
        channel.send(message);
        sent++;
      }
    };
    channel.onAcknowledged = (count) => {
      acknowledged += count;
      const now = performance.now();
      if (window === 1) tripMicros.push((now - sentAt) * 1000);
      fill(now);
      if (acknowledged < sent) return;
      const used = process.cpuUsage(cpu);
      resolve({
        messages: sent,
        seconds: (performance.now() - begin) / 1000,
        clientMicros: used.user + used.system,
        serverMicros: 0,
        tripMicros: tripMicros.sort((a, b) => a - b),
      });
    };
    fill(begin);
  });
}

function row(name: string, { bytes }: Workload, sample: Sample): string[] {
  const { messages, seconds, clientMicros, serverMicros, tripMicros } = sample;
  const each = (micros: number): string => (micros / messages).toFixed(1);
  const at = (share: number): string => (tripMicros[Math.floor(tripMicros.length * share)] ?? 0).toFixed(0);
  return [
    name,
    Math.round(messages / seconds).toLocaleString("en"),
    ((messages * bytes) / seconds / 1e6).toFixed(0),
    `${each(clientMicros)} + ${each(serverMicros)}`,
    tripMicros.length > 0 ? `${at(0.5)} / ${at(0.99)}` : "",
  ];
}

/** Acknowledges what comes, all of a turn at once. */
async function serve(transport: Transport): Promise<void> {
  const server: ChannelServer = await transport.serve();
  let pending = 0;
  server.onMessage = (acknowledge) => {
    if (pending++ > 0) return;
    setImmediate(() => {
      const count = pending;
      pending = 0;
      acknowledge(count);
    });
  };
  process.on("message", (question) => {
    const { user, system } = process.cpuUsage();
    process.send?.(question === "port" ? server.port : user + system);
  });
}
