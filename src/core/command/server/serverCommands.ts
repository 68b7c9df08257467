import type { CommandSpec } from "../spec.ts";
import { acl } from "./acl.ts";
import { command } from "./command.ts";
import { config } from "./config.ts";
import { dbsize, flushall, flushdb, swapdb, time } from "./dataSet.ts";
import { debug } from "./debug.ts";
import { info } from "./info.ts";
import { latency } from "./latency.ts";
import { lolwut } from "./lolwut.ts";
import { memory } from "./memory.ts";
import { bgrewriteaof, bgsave, lastsave, save } from "./persistence.ts";
import { replicaof, role, slaveof } from "./role.ts";
import { shutdown } from "./shutdown.ts";
import { slowlog } from "./slowlog.ts";

/** Redis's *server* group. */
export const serverCommands: readonly CommandSpec[] = [
  acl,
  bgrewriteaof,
  bgsave,
  command,
  config,
  dbsize,
  debug,
  flushall,
  flushdb,
  info,
  lastsave,
  latency,
  lolwut,
  memory,
  replicaof,
  role,
  save,
  shutdown,
  slaveof,
  slowlog,
  swapdb,
  time,
];
