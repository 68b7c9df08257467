import { ok, type Result } from "../base/result.ts";
import type { Coordinator, CoordinatorError } from "../ports/coordinator.ts";

/**
 * Makes a durable, empty znode and those above it, as far as they are not there; with ZooKeeper, also the last part of the
 * chroot. It may be repeated after any error.
 */
export async function makePath(coordinator: Coordinator, path: string): Promise<Result<void, CoordinatorError>> {
  const parts = path.split("/").filter((part) => part !== "");
  for (let count = 0; count <= parts.length; count++) {
    const made = await coordinator.create(`/${parts.slice(0, count).join("/")}`, "", { kind: "durable" });
    if (!made.ok && made.error.code !== "exists") return made;
  }
  return ok(undefined);
}
