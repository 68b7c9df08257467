import { keySlot } from "../../src/base/crc16.ts";

export const valueBytes = 100;
export const slotCount = 16_384;

const value = "x".repeat(valueBytes);

/** The keys of a run, each with its slot. */
export class Keys {
  readonly count: number;
  readonly slots: Uint16Array;

  constructor(count: number) {
    this.count = count;
    this.slots = Uint16Array.from({ length: count }, (_, index) => keySlot(keyName(index)));
  }
}

export function keyName(index: number): string {
  return `key:${String(index).padStart(12, "0")}`;
}

/** A hash tag for each slot: `{tag}name` is a key of it. */
export function slotTags(): readonly string[] {
  const tags = new Array<string>(slotCount).fill("");
  for (let next = 0, left = slotCount; left > 0; next++) {
    const tag = next.toString(36);
    const slot = keySlot(tag);
    if (tags[slot] !== "") continue;
    tags[slot] = tag;
    left--;
  }
  return tags;
}

/** Renders one command; arguments are latin1 strings. */
export function command(...args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

export function setCommand(key: string): string {
  return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${valueBytes}\r\n${value}\r\n`;
}

export function getCommand(key: string): string {
  return `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`;
}
