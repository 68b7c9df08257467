import { arch, platform, release, totalmem } from "node:os";
import type { ProcessFacts } from "../worker/services/processFacts.ts";

/** What `INFO` and `/metrics` tell of the process. */
export function processFacts(version: string, configFile: string | undefined): ProcessFacts {
  return {
    version,
    pid: process.pid,
    nodeVersion: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    executable: process.argv[1] ?? "",
    configFile: configFile ?? "",
    machineBytes: totalmem(),
    residentBytes: () => process.memoryUsage.rss(),
    heap: () => {
      const { heapUsed, heapTotal, external } = process.memoryUsage();
      return { usedBytes: heapUsed, totalBytes: heapTotal, externalBytes: external };
    },
    cpuMicros: () => process.cpuUsage(),
  };
}
