import { latin1Bytes } from "../../base/latin1.ts";
import { ReplyScanner } from "./replyScanner.ts";

/** The elements of an array, each as the text of its own reply; undefined when the reply is none. */
export function splitArray(reply: string): string[] | undefined {
  if (reply[0] !== "*" && reply[0] !== "~") return undefined;
  const bytes = latin1Bytes(reply);
  const scanner = new ReplyScanner();
  const elements: string[] = [];
  let at = reply.indexOf("\n") + 1;
  while (at < bytes.length) {
    const end = scanner.next(bytes, at, bytes.length);
    if (end < 0) return undefined;
    elements.push(reply.slice(at, end));
    at = end;
  }
  return elements;
}

/** The text of a bulk string's reply. */
export function bulkText(reply: string): string {
  const start = reply.indexOf("\n") + 1;
  return reply.slice(start, -2);
}

export function arrayOf(elements: readonly string[]): string {
  return `*${elements.length}\r\n${elements.join("")}`;
}

export function bulkOf(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
