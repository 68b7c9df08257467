import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { start } from "../../src/main/server.ts";
import { freePort } from "../support/freePort.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TIMEOUT_MILLIS = 60_000;

const PROTOC = "/usr/bin/protoc";
const PLUGIN = "/usr/bin/grpc_python_plugin";

// Debian's packages belong to Debian's interpreter, which need not be the first one in the path.
const python = ["python3", "/usr/bin/python3"].find(
  (each) => spawnSync(each, ["-c", "import grpc, google.protobuf"]).status === 0,
);
const isThere = python !== undefined && existsSync(PLUGIN) && existsSync(PROTOC);
const skip = isThere
  ? false
  : "it needs: apt-get install python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc";

test("the Python example", { skip, timeout: 2 * TIMEOUT_MILLIS }, async () => {
  const made = await mkdtemp(join(tmpdir(), "holdfast-python-"));
  const port = await freePort();
  const node = await start({ grpcPort: port, requirepass: "secret" });
  try {
    const options = { timeout: TIMEOUT_MILLIS, cwd: ROOT };
    const outputs = [`--python_out=${made}`, `--grpc_python_out=${made}`];
    const plugin = `--plugin=protoc-gen-grpc_python=${PLUGIN}`;
    await run(PROTOC, ["-I", "proto", ...outputs, plugin, "holdfast/v1/kv.proto"], options);
    const env = { ...process.env, PYTHONPATH: made, PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout } = await run(python!, ["examples/python/counter.py", `127.0.0.1:${port}`, "secret"], {
      ...options,
      env,
    });
    assert.deepEqual(stdout.trim().split("\n"), [
      "visits: 3",
      "watched: 1 2 3 from 9 bytes of position",
      "taken by another: False",
      "renewed: True",
      "refused: FAILED_PRECONDITION REASON_NOT_AN_INTEGER",
    ]);
  } finally {
    await node.stop();
    await rm(made, { recursive: true });
  }
});
