import { type Draw, drawCommand, type Recipe } from "../draw.ts";
import type { Step } from "../step.ts";

/** Makes random sequences about one group of commands. */
export type Generator = { readonly name: string; readonly sequence: (draw: Draw) => Step[] };

const STEPS_MIN = 10;
const STEPS_MAX = 60;

/** Sequences of independent commands on one connection, drawn from weighted recipes. */
export function mixture(name: string, recipes: readonly Recipe[]): Generator {
  return {
    name,
    sequence: (draw) =>
      draw.random.times(draw.random.between(STEPS_MIN, STEPS_MAX), () => ({
        connection: 0,
        command: drawCommand(draw, recipes),
      })),
  };
}

/** Writes of every type, so that other commands meet keys of the wrong type. */
export const SEED_RECIPES: readonly Recipe[] = [
  [2, (d) => ["SET", d.key(), d.value()]],
  [2, (d) => ["HSET", d.key(), ...d.members(3).flatMap((field) => [field, d.value()])]],
  [2, (d) => ["RPUSH", d.key(), ...d.members()]],
  [2, (d) => ["SADD", d.key(), ...d.members()]],
  [2, (d) => ["ZADD", d.key(), ...d.members(3).flatMap((member) => [d.float(), member])]],
  [2, (d) => ["DEL", ...d.keys(2)]],
];

/** Some of the other types, now and then. */
export const WRONG_TYPES: readonly Recipe[] = [[1, (d) => drawCommand(d, SEED_RECIPES, 0)]];
