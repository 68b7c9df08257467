"""A counter, a value on a condition and a watch, over Holdfast's gRPC API.

    protoc -I proto --python_out=OUT --grpc_python_out=OUT \
        --plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin holdfast/v1/kv.proto
    PYTHONPATH=OUT python3 examples/python/counter.py 127.0.0.1:8700

Debian has what it needs in the packages python3-grpcio, python3-protobuf, protobuf-compiler and protobuf-compiler-grpc. Elsewhere
`pip install grpcio-tools` brings all of it, and `python3 -m grpc_tools.protoc` is the compiler.
"""

import random
import sys
import time

import grpc
from holdfast.v1 import kv_pb2, kv_pb2_grpc

DEADLINE_SECONDS = 5


def detail_of(error):
    """What a failed call tells beside its code."""
    for name, value in error.trailing_metadata() or ():
        if name == "holdfast-error-bin":
            return kv_pb2.ErrorDetail.FromString(value)
    return kv_pb2.ErrorDetail()


class Holdfast:
    """Asks one node, and goes where it is sent."""

    def __init__(self, address, password=None):
        self._address = address
        self._metadata = [("authorization", "Bearer " + password)] if password else []
        self._stubs = {}

    def stub(self, address=None):
        address = address or self._address
        if address not in self._stubs:
            self._stubs[address] = kv_pb2_grpc.KvStub(grpc.insecure_channel(address))
        return self._stubs[address]

    def options(self, seconds=DEADLINE_SECONDS):
        return {"timeout": seconds, "metadata": self._metadata}

    def call(self, method, request):
        """Until the deadline: what was not executed is asked again, where and when the error says."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        address = None
        while True:
            try:
                function = getattr(self.stub(address), method)
                return function(request, **self.options(deadline - time.monotonic()))
            except grpc.RpcError as error:
                detail = detail_of(error)
                is_elsewhere = error.code() == grpc.StatusCode.FAILED_PRECONDITION and detail.address
                # Without a detail nobody has answered: it may have been executed, and is not repeated.
                is_refused = error.code() == grpc.StatusCode.UNAVAILABLE and detail.reason
                if not (is_elsewhere or is_refused) or time.monotonic() >= deadline:
                    raise
                address = detail.address or address
                time.sleep(random.uniform(0.5, 1) * detail.retry_after_millis / 1000)


def main():
    holdfast = Holdfast(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    holdfast.call("Delete", kv_pb2.DeleteRequest(key=b"python:visits"))
    watch = holdfast.stub().Watch(kv_pb2.WatchRequest(key=b"python:visits"), **holdfast.options())
    begun = next(watch)
    for _ in range(3):
        visits = holdfast.call("Increment", kv_pb2.IncrementRequest(key=b"python:visits", delta=1)).value
    print("visits:", visits)
    told = []
    while len(told) < 3:
        told += [change.value.decode() for change in next(watch).changes]
    print("watched:", " ".join(told), "from", len(begun.position), "bytes of position")
    watch.cancel()

    first = holdfast.call("Put", kv_pb2.PutRequest(key=b"python:owner", value=b"me", ttl_millis=60000))
    other = holdfast.call("Put", kv_pb2.PutRequest(key=b"python:owner", value=b"you", if_absent=True))
    print("taken by another:", other.applied)
    again = holdfast.call("Put", kv_pb2.PutRequest(key=b"python:owner", value=b"still me", if_version=first.version))
    print("renewed:", again.applied)

    try:
        holdfast.call("Increment", kv_pb2.IncrementRequest(key=b"python:owner", delta=1))
    except grpc.RpcError as error:
        reason = kv_pb2.ErrorDetail.Reason.Name(detail_of(error).reason)
        print("refused:", error.code().name, reason)


if __name__ == "__main__":
    main()
