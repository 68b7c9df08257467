import { err, ok, type Result } from "../base/result.ts";
import type { Coordinator, CoordinatorError } from "../ports/coordinator.ts";
import { makePath } from "./makePath.ts";

const READY = "/ready";
const FORMAT = 1;

/**
 * Prepares the znodes that everybody expects, unless somebody has, and answers the cluster's name: drawn by whoever was first, so
 * that workers of another cluster are known as such. It may be repeated after any error.
 */
export async function prepareTree(coordinator: Coordinator, drawn: string): Promise<Result<string, string>> {
  for (const path of ["/groups", "/workers", "/masters", "/migrations", "/settings", "/spares"]) {
    const made = await makePath(coordinator, path);
    if (!made.ok) return err(describe(path, made.error));
  }
  const created = await coordinator.create(READY, JSON.stringify({ format: FORMAT, cluster: drawn }), {
    kind: "durable",
  });
  if (!created.ok && created.error.code !== "exists") return err(describe(READY, created.error));
  return readCluster(coordinator);
}

/** The cluster's name, or a sentence about why it cannot be told. */
export async function readCluster(coordinator: Coordinator): Promise<Result<string, string>> {
  const read = await coordinator.get(READY, { sync: true });
  if (read.ok) return parse(read.value.data);
  if (read.error.code !== "no_node") return err(describe(READY, read.error));
  return err(`there is no ${READY} at the coordinator: no worker was ever started with this path`);
}

function parse(text: string): Result<string, string> {
  let value: { readonly format?: unknown; readonly cluster?: unknown };
  try {
    value = JSON.parse(text);
  } catch {
    value = {};
  }
  if (typeof value?.format === "number" && value.format > FORMAT) {
    return err(`${READY} is of format ${value.format}; this version of Holdfast knows formats up to ${FORMAT}`);
  }
  if (value?.format !== FORMAT || typeof value.cluster !== "string" || !/^[0-9a-f]{1,32}$/.test(value.cluster)) {
    return err(`${READY} holds nonsense: ${text.slice(0, 100)}`);
  }
  return ok(value.cluster);
}

function describe(path: string, error: CoordinatorError): string {
  return `${path} at the coordinator: ${"message" in error ? error.message : error.code}`;
}
