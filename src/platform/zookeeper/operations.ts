import { MalformedBytes } from "../../base/byteReader.ts";
import type { CreateOptions, MultiError, MultiOperation, MultiResult, Znode } from "../../ports/coordinator.ts";
import type { JuteReader, JuteWriter } from "./jute.ts";
import { type Access, errorOf, OP, readStat, writeCreate } from "./protocol.ts";

/** One request of ZooKeeper: how it is written, and how its answer is read. */
export interface Operation<T> {
  readonly type: number;
  readonly isChange: boolean;
  readonly write: (writer: JuteWriter) => void;
  readonly read: (reader: JuteReader) => T;
}

/** Operations over paths below a chroot. */
export class Operations {
  readonly #chroot: string;
  readonly #access: Access;

  constructor(chroot: string, access: Access) {
    this.#chroot = chroot;
    this.#access = access;
  }

  get(path: string, watch: boolean): Operation<Znode> {
    return this.#reading(OP.getData, path, watch, (reader) => {
      const data = reader.text();
      const { version, owner } = readStat(reader);
      return owner === undefined ? { data, version } : { data, version, owner };
    });
  }

  exists(path: string, watch: boolean): Operation<true> {
    return this.#reading(OP.exists, path, watch, () => true);
  }

  children(path: string, watch: boolean): Operation<readonly string[]> {
    return this.#reading(OP.getChildren, path, watch, (reader) => reader.texts().sort());
  }

  sync(path: string): Operation<void> {
    const write = (writer: JuteWriter) => void writer.text(this.full(path));
    return { type: OP.sync, isChange: false, write, read: () => undefined };
  }

  create(path: string, data: string, options: CreateOptions): Operation<string> {
    const operation = { op: "create", path, data, ...options } as const;
    return this.#changing(OP.create, operation, (reader) => this.relative(reader.text()));
  }

  replace(path: string, data: string, version: number): Operation<number> {
    const operation = { op: "replace", path, data, version } as const;
    return this.#changing(OP.setData, operation, (reader) => readStat(reader).version);
  }

  delete(path: string, version: number): Operation<void> {
    return this.#changing(OP.delete, { op: "delete", path, version }, () => undefined);
  }

  multi(operations: readonly MultiOperation[]): Operation<MultiOutcome> {
    const write = (writer: JuteWriter): void => {
      for (const operation of operations) {
        writer.int(TYPES[operation.op]).bool(false).int(-1);
        this.#write(writer, operation);
      }
      writer.int(OP.error).bool(true).int(-1);
    };
    return { type: OP.multi, isChange: true, write, read: (reader) => this.#readMulti(reader) };
  }

  /** A path of the port as ZooKeeper knows it. */
  full(path: string): string {
    return path === "/" ? this.#chroot || "/" : this.#chroot + path;
  }

  /** The other way round. */
  relative(path: string): string {
    return path.slice(this.#chroot.length) || "/";
  }

  #reading<T>(type: number, path: string, watch: boolean, read: (reader: JuteReader) => T): Operation<T> {
    return { type, isChange: false, write: (writer) => void writer.text(this.full(path)).bool(watch), read };
  }

  #changing<T>(type: number, operation: MultiOperation, read: (reader: JuteReader) => T): Operation<T> {
    return { type, isChange: true, write: (writer) => this.#write(writer, operation), read };
  }

  #write(writer: JuteWriter, operation: MultiOperation): void {
    const path = this.full(operation.path);
    if (operation.op === "create") writeCreate(writer, path, operation.data, operation, this.#access);
    else if (operation.op === "replace") writer.text(path).text(operation.data).int(operation.version);
    else writer.text(path).int(operation.version);
  }

  #readMulti(reader: JuteReader): MultiOutcome {
    const results: MultiResult[] = [];
    for (let index = 0; ; index++) {
      const type = reader.int();
      const isDone = reader.bool();
      reader.int();
      if (isDone) return { results };
      if (type === OP.error) {
        const code = reader.int();
        // Those before the one that failed have 0, those behind it a code of their own.
        if (code !== 0) return { refused: { ...errorOf(code, true), index } };
      } else results.push(this.#readResult(type, reader));
    }
  }

  #readResult(type: number, reader: JuteReader): MultiResult {
    if (type === OP.create) return { op: "create", path: this.relative(reader.text()) };
    if (type === OP.setData) return { op: "replace", version: readStat(reader).version };
    if (type === OP.delete) return { op: "delete" };
    if (type === OP.check) return { op: "check" };
    throw new MalformedBytes(`the result of an operation of type ${type}`);
  }
}

export type MultiOutcome =
  | { readonly results: readonly MultiResult[]; readonly refused?: undefined }
  | { readonly refused: MultiError };

const TYPES: { readonly [op in MultiOperation["op"]]: number } = {
  check: OP.check,
  create: OP.create,
  replace: OP.setData,
  delete: OP.delete,
};
