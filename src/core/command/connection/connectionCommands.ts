import type { CommandSpec } from "../spec.ts";
import { auth, hello } from "./authentication.ts";
import { echo, ping, quit, reset, select } from "./basic.ts";
import { calls } from "./calls.ts";
import { client } from "./client.ts";

/** Redis's *connection* group. */
export const connectionCommands: readonly CommandSpec[] = [auth, calls, client, echo, hello, ping, quit, reset, select];
