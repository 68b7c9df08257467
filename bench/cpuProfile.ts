import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The format of a `.cpuprofile`: the Chrome DevTools protocol's `Profiler.Profile`. */
interface CpuProfile {
  nodes: ProfileNode[];
  /** Microseconds of the monotonic clock. */
  startTime: number;
  samples: number[];
  /** Microseconds between a sample and the one before. */
  timeDeltas: number[];
}

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

/** Time of one function inside the window: in itself, and with all that it called. */
interface FunctionTime {
  name: string;
  place: string;
  selfMillis: number;
  totalMillis: number;
}

/** One thread's profile, cut to the window of the measured load. */
export interface ThreadProfile {
  file: string;
  windowMillis: number;
  idleMillis: number;
  functions: FunctionTime[];
}

/** A span of the monotonic clock (`process.hrtime`) in microseconds. */
export interface Window {
  startMicros: number;
  endMicros: number;
}

const idleName = "(idle)";

/** Reads every profile that `node --cpu-prof` has left in a directory, one a thread, the busiest first. */
export function readThreadProfiles(directory: string, window: Window): ThreadProfile[] {
  const files = readdirSync(directory).filter((name) => name.endsWith(".cpuprofile"));
  const profiles = files.map((file) => {
    const profile = JSON.parse(readFileSync(join(directory, file), "utf8")) as CpuProfile;
    return summarize(file, profile, window);
  });
  return profiles.sort((a, b) => b.windowMillis - b.idleMillis - (a.windowMillis - a.idleMillis));
}

function summarize(file: string, profile: CpuProfile, window: Window): ThreadProfile {
  const selfMicros = selfMicrosByNode(profile, window);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const functions = new Map<string, FunctionTime>();
  let windowMicros = 0;
  for (const micros of selfMicros.values()) windowMicros += micros;
  const root = profile.nodes[0];
  if (root !== undefined) addTimes(root, { nodes, selfMicros, functions, open: new Set() });
  const idleMillis = [...functions.values()].find((entry) => entry.name === idleName)?.selfMillis ?? 0;
  const busy = [...functions.values()].filter((entry) => entry.name !== idleName && entry.name !== "(root)");
  busy.sort((a, b) => b.selfMillis - a.selfMillis);
  return { file, windowMillis: windowMicros / 1_000, idleMillis, functions: busy };
}

/** Each sample costs the time until the next one, as DevTools counts it; samples outside the window are left out. */
function selfMicrosByNode(profile: CpuProfile, window: Window): Map<number, number> {
  const selfMicros = new Map<number, number>();
  let now = profile.startTime;
  for (let i = 0; i + 1 < profile.samples.length; i++) {
    now += profile.timeDeltas[i] ?? 0;
    if (now < window.startMicros || now > window.endMicros) continue;
    const id = profile.samples[i] ?? 0;
    selfMicros.set(id, (selfMicros.get(id) ?? 0) + (profile.timeDeltas[i + 1] ?? 0));
  }
  return selfMicros;
}

interface Walk {
  nodes: Map<number, ProfileNode>;
  selfMicros: Map<number, number>;
  functions: Map<string, FunctionTime>;
  /** Functions on the stack above: a recursive call must not count its total twice. */
  open: Set<string>;
}

/** Adds a node's times to its function's and returns the total of its subtree in microseconds. */
function addTimes(node: ProfileNode, walk: Walk): number {
  const key = functionKey(node);
  const isOutermost = !walk.open.has(key);
  walk.open.add(key);
  const self = walk.selfMicros.get(node.id) ?? 0;
  let total = self;
  for (const id of node.children ?? []) {
    const child = walk.nodes.get(id);
    if (child !== undefined) total += addTimes(child, walk);
  }
  if (isOutermost) walk.open.delete(key);
  const entry = walk.functions.get(key) ?? { ...functionName(node), selfMillis: 0, totalMillis: 0 };
  entry.selfMillis += self / 1_000;
  if (isOutermost) entry.totalMillis += total / 1_000;
  walk.functions.set(key, entry);
  return total;
}

function functionKey(node: ProfileNode): string {
  const { functionName: name, url, lineNumber } = node.callFrame;
  return `${name}\0${url}\0${lineNumber}`;
}

function functionName(node: ProfileNode): { name: string; place: string } {
  const { functionName: name, url, lineNumber } = node.callFrame;
  if (url === "") return { name: name === "" ? "(anonymous)" : name, place: "native" };
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  const short = path.startsWith("node:") ? path : path.split("/").slice(-3).join("/");
  return { name: name === "" ? "(anonymous)" : name, place: `${short}:${lineNumber + 1}` };
}
