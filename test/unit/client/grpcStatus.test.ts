import assert from "node:assert/strict";
import { test } from "node:test";
import { STATUS, statusOf, statusOfHttp } from "../../../src/client/wire/grpcStatus.ts";

test("a status is read out of trailers", () => {
  const status = statusOf({ "grpc-status": "9", "grpc-message": "it%20moved", "holdfast-error-bin": "CAE=" });
  assert.deepEqual(status, { code: 9, message: "it moved", detail: Buffer.from([8, 1]), wasSent: true });
  assert.equal(statusOf({}), undefined);
  assert.equal(statusOfHttp(401).code, STATUS.unauthenticated);
  assert.equal(statusOfHttp(502).code, STATUS.unavailable);
});
