import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { type RunningNode, start } from "../../src/main/server.ts";
import { freePort } from "../support/freePort.ts";

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { string host = 1; oneof request { string file_by_filename = 3; string file_containing_symbol = 4;
    string list_services = 7; string all_extension_numbers_of_type = 6; } }
  message Reply { Request original_request = 2; oneof reply { Files files = 4; Services services = 6; Failure failure = 7; } }
  message Files { repeated bytes file_descriptor_proto = 1; }
  message Services { repeated Service service = 1; }
  message Service { string name = 1; }
  message Failure { int32 error_code = 1; string error_message = 2; }
  message File { string name = 1; string package = 2; repeated Service message_type = 4; repeated Methods service = 6; }
  message Methods { string name = 1; repeated Service method = 2; }
  message Health { int32 status = 1; string service = 2; }
  message Asked { string service = 1; }
`);

/** A message as the library gives it. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at fields of many messages.
type Message = any;

const encode = (type: string, message: object): Buffer => {
  const found = root.lookupType(type);
  return Buffer.from(found.encode(found.fromObject(message)).finish());
};
const decode = (type: string, bytes: Uint8Array): Message => {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { defaults: true });
};

describe("reflection and health", () => {
  let node: RunningNode;
  let client: grpc.Client;

  before(async () => {
    const port = await freePort();
    node = await start({ grpcPort: port });
    client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  });

  after(async () => {
    client.close();
    await node.stop();
  });

  /** Asks all on one stream. */
  const ask = (service: string, requests: readonly object[]): Promise<Message[]> =>
    new Promise((resolve, reject) => {
      const bytes = (value: Buffer): Buffer => value;
      const call = client.makeBidiStreamRequest(`/${service}/ServerReflectionInfo`, bytes, bytes);
      const replies: Message[] = [];
      call.on("data", (reply: Buffer) => replies.push(decode("Reply", reply)));
      call.on("end", () => resolve(replies));
      call.on("error", reject);
      for (const request of requests) call.write(encode("Request", request));
      call.end();
    });

  for (const version of ["v1", "v1alpha"]) {
    test(`${version}: services, files by name and by symbol, and what there is not`, async () => {
      const [services, byName, bySymbol, byMethod, none, extension] = await ask(
        `grpc.reflection.${version}.ServerReflection`,
        [
          { listServices: "*" },
          { fileByFilename: "holdfast/v1/kv.proto" },
          { fileContainingSymbol: "holdfast.v1.PutRequest" },
          { fileContainingSymbol: "holdfast.v1.Kv.Get" },
          { fileContainingSymbol: "holdfast.v1.Nothing" },
          { allExtensionNumbersOfType: "x" },
        ],
      );
      const names = services.services.service.map(({ name }: Message) => name);
      assert.ok(names.includes("holdfast.v1.Kv") && names.includes("grpc.health.v1.Health"));
      const file = decode("File", byName.files.fileDescriptorProto[0]);
      assert.deepEqual([file.name, file.package], ["holdfast/v1/kv.proto", "holdfast.v1"]);
      assert.ok(file.messageType.some(({ name }: Message) => name === "PutRequest"));
      const methods = file.service[0].method.map(({ name }: Message) => name);
      assert.deepEqual(methods.toSorted(), [
        "Batch",
        "Calls",
        "CompareAndSet",
        "Delete",
        "Get",
        "Increment",
        "OpenSession",
        "Put",
        "Scan",
        "Watch",
      ]);
      for (const other of [bySymbol, byMethod]) assert.deepEqual(other.files, byName.files);
      assert.equal(none.failure.errorCode, grpc.status.NOT_FOUND);
      assert.equal(extension.failure.errorCode, grpc.status.UNIMPLEMENTED);
    });
  }

  test("health", async () => {
    const check = (service: string): Promise<Message> =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          "/grpc.health.v1.Health/Check",
          (value: Buffer) => value,
          (bytes: Buffer) => decode("Health", bytes),
          encode("Asked", { service }),
          (error, reply) => (error === null ? resolve(reply) : reject(error)),
        );
      });
    assert.equal((await check("")).status, 1);
    assert.equal((await check("holdfast.v1.Kv")).status, 1);
    await assert.rejects(check("nobody"), { code: grpc.status.NOT_FOUND });
  });
});
