import type { Socket } from "node:net";
import { localSocket } from "../localSocket.ts";
import { type LoadClient, valueBytes } from "./load.ts";

const value = "x".repeat(valueBytes);
const readBytes = 4096;

/** What a connection asks for, and what it has to be answered. */
interface Dialogue {
  request: (key: string) => string;
  reply: string;
}

function command(...args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

const setTail = `$${valueBytes}\r\n${value}\r\n`;
const set = (key: string): string => `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n${setTail}`;

export const setDialogue: Dialogue = { request: set, reply: "+OK\r\n" };

/** A write, and behind it, in the same packet, the wait for two replicas to have it. */
export const setAndWaitDialogue: Dialogue = {
  request: (key) => set(key) + command("WAIT", "2", "0"),
  reply: "+OK\r\n:2\r\n",
};

export const getDialogue: Dialogue = {
  request: (key) => `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`,
  reply: `$${valueBytes}\r\n${value}\r\n`,
};

/** A Redis client with as little work as can be: one request under way, its reply compared with the only right one. */
export class RespClient implements LoadClient {
  onAnswer: () => void = () => undefined;
  onFailure: (error: Error) => void = () => undefined;
  dialogue: Dialogue;
  readonly #socket: Socket;
  #received = "";

  private constructor(port: number, dialogue: Dialogue) {
    this.dialogue = dialogue;
    this.#socket = localSocket(
      port,
      readBytes,
      (text) => this.#take(text),
      (error) => this.onFailure(error),
    );
  }

  static open(port: number, dialogue: Dialogue): Promise<RespClient> {
    return new Promise((resolve, reject) => {
      const client = new RespClient(port, dialogue);
      client.onFailure = reject;
      client.#socket.once("connect", () => resolve(client));
    });
  }

  /** Sends a command that is answered by `+OK`. */
  prepare(...args: readonly string[]): Promise<void> {
    const { dialogue } = this;
    this.dialogue = { request: () => command(...args), reply: "+OK\r\n" };
    return new Promise((resolve, reject) => {
      this.onFailure = reject;
      this.onAnswer = () => {
        this.dialogue = dialogue;
        resolve();
      };
      this.ask("");
    });
  }

  ask(key: string): void {
    this.#socket.write(this.dialogue.request(key), "latin1");
  }

  #take(text: string): void {
    const { reply } = this.dialogue;
    this.#received = this.#received === "" ? text : this.#received + text;
    const isWrong = !reply.startsWith(this.#received);
    if (isWrong) return this.onFailure(new Error(`answered by ${this.#received.slice(0, 100).trimEnd()}`));
    if (this.#received.length < reply.length) return;
    this.#received = "";
    this.onAnswer();
  }

  close(): void {
    this.#socket.destroy();
  }
}
