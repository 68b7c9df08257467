/** Made from proto/holdfast/internal/v1/worker.proto and proto/grpc/health/v1/health.proto by `npm run proto`. */
export const WORKER_PROTO = {
  nested: {
    holdfast: {
      nested: {
        internal: {
          nested: {
            v1: {
              nested: {
                Worker: {
                  methods: {
                    TakeOver: {
                      requestType: "TakeOverRequest",
                      responseType: "TakeOverReply",
                    },
                    Status: {
                      requestType: "StatusRequest",
                      responseType: "StatusReply",
                    },
                    Snapshot: {
                      requestType: "SnapshotRequest",
                      responseType: "SnapshotPart",
                      responseStream: true,
                    },
                    HandOver: {
                      requestType: "HandOverRequest",
                      responseType: "HandOverReply",
                    },
                    CopySlots: {
                      requestType: "CopyRequest",
                      responseType: "SnapshotPart",
                      responseStream: true,
                    },
                    MoveStep: {
                      requestType: "MoveStepRequest",
                      responseType: "MoveStepReply",
                    },
                    Heat: { requestType: "HeatRequest", responseType: "HeatReply" },
                  },
                },
                Target: {
                  fields: {
                    cluster: { type: "string", id: 1 },
                    group: { type: "string", id: 2 },
                    replica: { type: "string", id: 3 },
                  },
                },
                TakeOverRequest: {
                  fields: {
                    target: { type: "Target", id: 1 },
                    epoch: { type: "uint64", id: 2 },
                  },
                },
                TakeOverReply: {
                  fields: {
                    epoch: { type: "uint64", id: 1 },
                  },
                },
                StatusRequest: {
                  fields: {
                    target: { type: "Target", id: 1 },
                  },
                },
                StatusReply: {
                  fields: {
                    json: { type: "string", id: 1 },
                  },
                },
                SnapshotRequest: {
                  fields: {
                    target: { type: "Target", id: 1 },
                    attempt: { type: "string", id: 2 },
                    from: { type: "uint64", id: 3 },
                  },
                },
                SnapshotPart: {
                  oneofs: {
                    part: { oneof: ["chunk", "end"] },
                  },
                  fields: {
                    chunk: { type: "SnapshotChunk", id: 1 },
                    end: { type: "SnapshotEnd", id: 2 },
                  },
                },
                SnapshotChunk: {
                  fields: {
                    data: { type: "bytes", id: 1 },
                    crc: { type: "fixed32", id: 2 },
                  },
                },
                SnapshotEnd: {
                  fields: {
                    bytes: { type: "uint64", id: 1 },
                    chunks: { type: "uint64", id: 2 },
                  },
                },
                HandOverRequest: {
                  fields: {
                    target: { type: "Target", id: 1 },
                    epoch: { type: "uint64", id: 2 },
                    to: { type: "string", id: 3 },
                  },
                },
                HandOverReply: {
                  fields: {
                    epoch: { type: "uint64", id: 1 },
                  },
                },
                SlotRange: {
                  fields: {
                    from: { type: "uint32", id: 1 },
                    to: { type: "uint32", id: 2 },
                  },
                },
                CopyRequest: {
                  fields: {
                    target: { type: "Target", id: 1 },
                    move: { type: "string", id: 2 },
                    slots: { rule: "repeated", type: "SlotRange", id: 3 },
                    from: { type: "uint64", id: 4 },
                  },
                },
                MoveStepRequest: {
                  fields: {
                    target: { type: "Target", id: 1 },
                    move: { type: "string", id: 2 },
                    step: { type: "string", id: 3 },
                  },
                },
                MoveStepReply: {
                  fields: {
                    seq: { type: "uint64", id: 1 },
                  },
                },
                HeatRequest: {
                  fields: {
                    target: { type: "Target", id: 1 },
                  },
                },
                HeatReply: {
                  fields: {
                    json: { type: "string", id: 1 },
                  },
                },
              },
            },
          },
        },
      },
    },
    grpc: {
      nested: {
        health: {
          nested: {
            v1: {
              nested: {
                Health: {
                  methods: {
                    Check: {
                      requestType: "HealthCheckRequest",
                      responseType: "HealthCheckResponse",
                    },
                  },
                },
                HealthCheckRequest: {
                  fields: {
                    service: { type: "string", id: 1 },
                  },
                },
                HealthCheckResponse: {
                  fields: {
                    status: { type: "ServingStatus", id: 1 },
                  },
                  nested: {
                    ServingStatus: {
                      values: {
                        UNKNOWN: 0,
                        SERVING: 1,
                        NOT_SERVING: 2,
                        SERVICE_UNKNOWN: 3,
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
