import { err, ok, type Result } from "../base/result.ts";
import type { CoordinatorError, MultiOperation } from "../ports/coordinator.ts";

/** ZooKeeper takes packets below 1 MiB (`jute.maxbuffer`); path, access list and headers need a part of that. */
export const ZNODE_BYTES_MAX = 1024 * 1024 - 16 * 1024;
const PATH_BYTES_MAX = 4096;
/** A list that long needs more than a packet anyway, and each of its answers has to be held. */
const MULTI_OPERATIONS_MAX = 1000;

/** What ZooKeeper's PathUtils refuses: control characters and, unit by unit, everything that UTF-16 needs two units for. */
const FORBIDDEN = /\p{Cc}|[\ud800-\uf8ff\ufff0-\uffff\u{10000}-\u{10ffff}]/u;
const LONE_SURROGATE = /\p{Surrogate}/u;

type Invalid = CoordinatorError & { readonly code: "invalid" };

/** The path above; the root has none. */
export function parentPath(path: string): string | undefined {
  if (path === "/") return undefined;
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The last part of the path. */
export function nodeName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Says what is wrong with a path, or nothing. */
export function checkPath(path: string): Result<void, Invalid> {
  if (!path.startsWith("/")) return invalid(`a path begins with a slash: ${shown(path)}`);
  if (FORBIDDEN.test(path)) return invalid(`a path with characters that no path has: ${shown(path)}`);
  if (utf8Length(path) > PATH_BYTES_MAX) return invalid(`a path longer than ${PATH_BYTES_MAX} bytes`);
  if (path === "/") return ok(undefined);
  const isWrong = path
    .slice(1)
    .split("/")
    .some((part) => part === "" || part === "." || part === "..");
  return isWrong ? invalid(`a path with an empty part, . or ..: ${shown(path)}`) : ok(undefined);
}

/** Says what is wrong with a change, or nothing; with all its data and paths it has to fit in one packet. */
export function checkOperations(
  operations: readonly MultiOperation[],
): Result<void, Invalid & { readonly index: number }> {
  if (operations.length > MULTI_OPERATIONS_MAX) {
    return err({ ...invalid(`more than ${MULTI_OPERATIONS_MAX} operations`).error, index: MULTI_OPERATIONS_MAX });
  }
  let bytes = 0;
  for (const [index, operation] of operations.entries()) {
    const checked = checkOperation(operation);
    if (!checked.ok) return err({ ...checked.error, index });
    bytes += "data" in operation ? utf8Length(operation.data) : 0;
    if (operations.length > 1) bytes += utf8Length(operation.path) + 64;
    if (bytes > ZNODE_BYTES_MAX) return err({ ...invalid(`more than ${ZNODE_BYTES_MAX} bytes`).error, index });
  }
  return ok(undefined);
}

function checkOperation(operation: MultiOperation): Result<void, Invalid> {
  // ZooKeeper takes -1 for "whatever the version is": nothing is ever changed blindly.
  if ("version" in operation && (!Number.isInteger(operation.version) || operation.version < 0)) {
    return invalid(`a version is an integer from 0: ${operation.version}`);
  }
  if ("data" in operation && LONE_SURROGATE.test(operation.data)) return invalid("data that is no Unicode text");
  const isSequential = operation.op === "create" && operation.sequential === true;
  return checkPath(isSequential ? `${operation.path}0000000000` : operation.path);
}

/** Bytes of a text in UTF-8, without making them. */
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts for two of its four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

function invalid(message: string): { readonly ok: false; readonly error: Invalid } {
  return err({ code: "invalid", message });
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 100));
}
