import { clusterCommands } from "./cluster/clusterCommands.ts";
import { connectionCommands } from "./connection/connectionCommands.ts";
import { genericCommands } from "./generic/genericCommands.ts";
import { hashCommands } from "./hashes/hashCommands.ts";
import { listCommands } from "./lists/listCommands.ts";
import { serverCommands } from "./server/serverCommands.ts";
import { setCommands } from "./sets/setCommands.ts";
import { sortedSetCommands } from "./sortedSets/sortedSetCommands.ts";
import { stringCommands } from "./strings/stringCommands.ts";
import { CommandTable } from "./table.ts";
import { transactionCommands } from "./transactions/transactionCommands.ts";

/** Every command of a node. */
export const commandTable = new CommandTable([
  stringCommands,
  genericCommands,
  hashCommands,
  listCommands,
  setCommands,
  sortedSetCommands,
  transactionCommands,
  connectionCommands,
  serverCommands,
  clusterCommands,
]);
