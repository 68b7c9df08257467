/** The gRPC library, which is loaded only where it is needed. */
export type Grpc = typeof import("@grpc/grpc-js");
