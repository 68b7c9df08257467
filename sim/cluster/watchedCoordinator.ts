import { parseConfiguration } from "../../src/core/replica/configuration.ts";
import type { Coordinator } from "../../src/ports/coordinator.ts";
import { overriding } from "../sabotage/patching.ts";

function pathOf(group: string): string {
  return `/groups/${group}/config`;
}

/** What a replica has proposed and what may still come of it. */
export class Proposed {
  /** So many were sent and not answered. */
  unanswered = 0;
  /** When one was last sent (virtual time). */
  lastAtMicros = Number.NEGATIVE_INFINITY;
}

/** Sees what is proposed to a group. */
export function watchProposals(
  coordinator: Coordinator,
  group: string,
  proposed: Proposed,
  nowMicros: () => number,
): Coordinator {
  const watch = async <T>(path: string, answer: Promise<T>): Promise<T> => {
    if (path !== pathOf(group)) return answer;
    proposed.lastAtMicros = nowMicros();
    proposed.unanswered++;
    const result = await answer;
    proposed.unanswered--;
    return result;
  };
  return overriding(coordinator, {
    replace: (path, data, version) => watch(path, coordinator.replace(path, data, version)),
    create: (path, data, options) => watch(path, coordinator.create(path, data, options)),
  });
}

/** A group's configuration as it is, whoever knows it. */
export function configurationOf(group: string, peek: (path: string) => string | undefined) {
  const text = peek(pathOf(group));
  return text === undefined ? undefined : parseConfiguration(text, 0);
}
