import type { Server, ServerDuplexStream, UntypedServiceImplementation } from "@grpc/grpc-js";
import { MalformedBytes } from "../../base/byteReader.ts";
import { ByteWriter } from "../../base/byteWriter.ts";
import { WireReader } from "../../worker/api/wireReader.ts";
import { putBytes, putMessage, putText, putUnsigned } from "../../worker/api/wireWriter.ts";
import { DESCRIPTOR_FILES } from "./descriptorFiles.ts";
import type { Grpc } from "./grpcLibrary.ts";

/** Both names of the service are in use, with the same messages (grpc/doc/server-reflection.md). */
const SERVICES = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;
const REQUEST_BYTES_MAX = 64 * 1024;

const BYTE_MESSAGES = {
  requestStream: true,
  responseStream: true,
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
};

/** Lets a server tell what its public services look like: `grpcurl` and the like need no files then. */
export function mountReflection(grpc: Grpc, server: Server): void {
  for (const service of SERVICES) {
    const definition = {
      ServerReflectionInfo: { path: `/${service}/ServerReflectionInfo`, ...BYTE_MESSAGES },
    };
    const handlers = { ServerReflectionInfo: (call: Info) => answerAll(grpc, call) };
    server.addService(definition, handlers as UntypedServiceImplementation);
  }
}

type Info = ServerDuplexStream<Buffer, Buffer>;

function answerAll(grpc: Grpc, call: Info): void {
  call.on("data", (request: Buffer) => {
    try {
      if (request.length > REQUEST_BYTES_MAX) throw new MalformedBytes("it is too long");
      if (!call.write(answer(request))) {
        call.pause();
        call.once("drain", () => call.resume());
      }
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      call.emit("error", { code: grpc.status.INVALID_ARGUMENT, details: `malformed: ${error.message}` });
    }
  });
  call.on("end", () => call.end());
}

function answer(request: Buffer): Buffer {
  const out = new ByteWriter(1024);
  const reader = new WireReader(request);
  let text = "";
  let asked = 0;
  while (reader.next()) {
    if (reader.wireType !== 2) {
      reader.skip();
      continue;
    }
    const end = reader.bytesField();
    if (reader.field < 3) continue;
    asked = reader.field;
    text = request.toString("latin1", reader.start, end);
  }
  putBytes(out, 2, request);
  if (asked === 7) putServices(out);
  else if (asked === 3) putFile(out, DESCRIPTOR_FILES.find(({ name }) => name === text)?.base64, text);
  else if (asked === 4) putFile(out, fileOfSymbol(text), text);
  else putFailure(out, UNIMPLEMENTED, "there are no extensions");
  return Buffer.from(out.slice());
}

function putServices(out: ByteWriter): void {
  const list = new ByteWriter(256);
  for (const name of DESCRIPTOR_FILES.flatMap(({ services }) => services)) {
    const service = new ByteWriter(64);
    putText(service, 1, name);
    putMessage(list, 1, service);
  }
  putMessage(out, 6, list);
}

/** A service, a method of it, or a message. */
function fileOfSymbol(symbol: string): string | undefined {
  const isIn = (name: string): boolean => symbol === name || symbol.startsWith(`${name}.`);
  return DESCRIPTOR_FILES.find(({ symbols, services }) => symbols.some(isIn) || services.some(isIn))?.base64;
}

function putFile(out: ByteWriter, base64: string | undefined, wanted: string): void {
  if (base64 === undefined) return putFailure(out, NOT_FOUND, `there is no ${wanted}`);
  const file = new ByteWriter(1024);
  putBytes(file, 1, Buffer.from(base64, "base64"));
  putMessage(out, 4, file);
}

function putFailure(out: ByteWriter, code: number, message: string): void {
  const failure = new ByteWriter(64);
  putUnsigned(failure, 1, code);
  putText(failure, 2, message);
  putMessage(out, 7, failure);
}
