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
                  },
                },
                Target: {
                  fields: {
                    cluster: {
                      type: "string",
                      id: 1,
                    },
                    group: {
                      type: "string",
                      id: 2,
                    },
                    replica: {
                      type: "string",
                      id: 3,
                    },
                  },
                },
                TakeOverRequest: {
                  fields: {
                    target: {
                      type: "Target",
                      id: 1,
                    },
                    epoch: {
                      type: "uint64",
                      id: 2,
                    },
                  },
                },
                TakeOverReply: {
                  fields: {
                    epoch: {
                      type: "uint64",
                      id: 1,
                    },
                  },
                },
                StatusRequest: {
                  fields: {
                    target: {
                      type: "Target",
                      id: 1,
                    },
                  },
                },
                StatusReply: {
                  fields: {
                    json: {
                      type: "string",
                      id: 1,
                    },
                  },
                },
                SnapshotRequest: {
                  fields: {
                    target: {
                      type: "Target",
                      id: 1,
                    },
                    attempt: {
                      type: "string",
                      id: 2,
                    },
                    from: {
                      type: "uint64",
                      id: 3,
                    },
                  },
                },
                SnapshotPart: {
                  oneofs: {
                    part: {
                      oneof: ["chunk", "end"],
                    },
                  },
                  fields: {
                    chunk: {
                      type: "SnapshotChunk",
                      id: 1,
                    },
                    end: {
                      type: "SnapshotEnd",
                      id: 2,
                    },
                  },
                },
                SnapshotChunk: {
                  fields: {
                    data: {
                      type: "bytes",
                      id: 1,
                    },
                    crc: {
                      type: "fixed32",
                      id: 2,
                    },
                  },
                },
                SnapshotEnd: {
                  fields: {
                    bytes: {
                      type: "uint64",
                      id: 1,
                    },
                    chunks: {
                      type: "uint64",
                      id: 2,
                    },
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
                    service: {
                      type: "string",
                      id: 1,
                    },
                  },
                },
                HealthCheckResponse: {
                  fields: {
                    status: {
                      type: "ServingStatus",
                      id: 1,
                    },
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
