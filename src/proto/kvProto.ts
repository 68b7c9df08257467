/** Made from proto/holdfast/v1/kv.proto by `npm run proto`. */
export const KV_PROTO = {
  nested: {
    holdfast: {
      nested: {
        v1: {
          nested: {
            Kv: {
              methods: {
                Get: { requestType: "GetRequest", responseType: "GetReply" },
                Put: { requestType: "PutRequest", responseType: "PutReply" },
                Delete: { requestType: "DeleteRequest", responseType: "DeleteReply" },
                CompareAndSet: {
                  requestType: "CompareAndSetRequest",
                  responseType: "CompareAndSetReply",
                },
                Increment: {
                  requestType: "IncrementRequest",
                  responseType: "IncrementReply",
                },
                Batch: { requestType: "BatchRequest", responseType: "BatchReply" },
                Scan: { requestType: "ScanRequest", responseType: "ScanReply" },
                Watch: {
                  requestType: "WatchRequest",
                  responseType: "WatchReply",
                  responseStream: true,
                },
                OpenSession: {
                  requestType: "OpenSessionRequest",
                  responseType: "OpenSessionReply",
                },
                Calls: {
                  requestType: "CallsRequest",
                  requestStream: true,
                  responseType: "CallsReply",
                  responseStream: true,
                },
              },
            },
            OpenSessionRequest: {
              fields: {
                ttlMillis: { type: "uint64", id: 1 },
              },
            },
            OpenSessionReply: {
              fields: {
                session: { type: "bytes", id: 1 },
                ttlMillis: { type: "uint64", id: 2 },
              },
            },
            Once: {
              fields: {
                session: { type: "bytes", id: 1 },
                number: { type: "uint64", id: 2 },
                firstOpen: { type: "uint64", id: 3 },
              },
            },
            Consistency: {
              values: { CONSISTENCY_LINEARIZABLE: 0, CONSISTENCY_EVENTUAL: 1 },
            },
            GetRequest: {
              fields: {
                key: { type: "bytes", id: 1 },
                consistency: { type: "Consistency", id: 2 },
                atLeast: { type: "bytes", id: 3 },
                noValue: { type: "bool", id: 4 },
              },
            },
            GetReply: {
              oneofs: {
                _ttlMillis: { oneof: ["ttlMillis"] },
              },
              fields: {
                found: { type: "bool", id: 1 },
                value: { type: "bytes", id: 2 },
                version: { type: "bytes", id: 3 },
                ttlMillis: {
                  type: "uint64",
                  id: 4,
                  options: { proto3_optional: true },
                },
                position: { type: "bytes", id: 5 },
              },
            },
            PutRequest: {
              fields: {
                key: { type: "bytes", id: 1 },
                value: { type: "bytes", id: 2 },
                ttlMillis: { type: "uint64", id: 3 },
                ifAbsent: { type: "bool", id: 4 },
                ifVersion: { type: "bytes", id: 5 },
                keepTtl: { type: "bool", id: 6 },
                returnPrevious: { type: "bool", id: 7 },
                once: { type: "Once", id: 15 },
              },
            },
            PutReply: {
              oneofs: {
                _previous: { oneof: ["previous"] },
              },
              fields: {
                applied: { type: "bool", id: 1 },
                version: { type: "bytes", id: 2 },
                previous: {
                  type: "bytes",
                  id: 3,
                  options: { proto3_optional: true },
                },
              },
            },
            DeleteRequest: {
              fields: {
                key: { type: "bytes", id: 1 },
                ifVersion: { type: "bytes", id: 2 },
                returnPrevious: { type: "bool", id: 3 },
                once: { type: "Once", id: 15 },
              },
            },
            DeleteReply: {
              oneofs: {
                _previous: { oneof: ["previous"] },
              },
              fields: {
                deleted: { type: "bool", id: 1 },
                version: { type: "bytes", id: 2 },
                previous: {
                  type: "bytes",
                  id: 3,
                  options: { proto3_optional: true },
                },
              },
            },
            CompareAndSetRequest: {
              oneofs: {
                _expected: { oneof: ["expected"] },
                _value: { oneof: ["value"] },
              },
              fields: {
                key: { type: "bytes", id: 1 },
                expected: {
                  type: "bytes",
                  id: 2,
                  options: { proto3_optional: true },
                },
                value: {
                  type: "bytes",
                  id: 3,
                  options: { proto3_optional: true },
                },
                ttlMillis: { type: "uint64", id: 4 },
                keepTtl: { type: "bool", id: 5 },
                once: { type: "Once", id: 15 },
              },
            },
            CompareAndSetReply: {
              oneofs: {
                _current: { oneof: ["current"] },
              },
              fields: {
                applied: { type: "bool", id: 1 },
                version: { type: "bytes", id: 2 },
                current: {
                  type: "bytes",
                  id: 3,
                  options: { proto3_optional: true },
                },
              },
            },
            IncrementRequest: {
              fields: {
                key: { type: "bytes", id: 1 },
                delta: { type: "sint64", id: 2 },
                initial: { type: "sint64", id: 3 },
                ttlMillis: { type: "uint64", id: 4 },
                once: { type: "Once", id: 15 },
              },
            },
            IncrementReply: {
              fields: {
                value: { type: "sint64", id: 1 },
                version: { type: "bytes", id: 2 },
              },
            },
            Operation: {
              oneofs: {
                kind: {
                  oneof: ["get", "put", "delete", "compareAndSet", "increment"],
                },
              },
              fields: {
                get: { type: "GetRequest", id: 1 },
                put: { type: "PutRequest", id: 2 },
                delete: { type: "DeleteRequest", id: 3 },
                compareAndSet: { type: "CompareAndSetRequest", id: 4 },
                increment: { type: "IncrementRequest", id: 5 },
              },
            },
            BatchRequest: {
              fields: {
                operations: { rule: "repeated", type: "Operation", id: 1 },
                once: { type: "Once", id: 15 },
              },
            },
            BatchReply: {
              fields: {
                applied: { type: "bool", id: 1 },
                results: { rule: "repeated", type: "OperationResult", id: 2 },
                position: { type: "bytes", id: 3 },
              },
            },
            OperationResult: {
              oneofs: {
                kind: {
                  oneof: ["get", "put", "delete", "compareAndSet", "increment"],
                },
              },
              fields: {
                get: { type: "GetReply", id: 1 },
                put: { type: "PutReply", id: 2 },
                delete: { type: "DeleteReply", id: 3 },
                compareAndSet: { type: "CompareAndSetReply", id: 4 },
                increment: { type: "IncrementReply", id: 5 },
              },
            },
            ScanRequest: {
              fields: {
                prefix: { type: "bytes", id: 1 },
                cursor: { type: "bytes", id: 2 },
                pageSize: { type: "uint32", id: 3 },
                values: { type: "bool", id: 4 },
                consistency: { type: "Consistency", id: 5 },
                atLeast: { type: "bytes", id: 6 },
              },
            },
            ScanReply: {
              fields: {
                items: { rule: "repeated", type: "ScanItem", id: 1 },
                nextCursor: { type: "bytes", id: 2 },
                owner: { type: "string", id: 3 },
                nextSlot: { type: "uint32", id: 4 },
                position: { type: "bytes", id: 5 },
              },
            },
            ScanItem: {
              oneofs: {
                _ttlMillis: { oneof: ["ttlMillis"] },
              },
              fields: {
                key: { type: "bytes", id: 1 },
                type: { type: "ValueType", id: 2 },
                value: { type: "bytes", id: 3 },
                version: { type: "bytes", id: 4 },
                ttlMillis: {
                  type: "uint64",
                  id: 5,
                  options: { proto3_optional: true },
                },
              },
            },
            ValueType: {
              values: {
                VALUE_TYPE_NONE: 0,
                VALUE_TYPE_VALUE: 1,
                VALUE_TYPE_LIST: 2,
                VALUE_TYPE_HASH: 3,
                VALUE_TYPE_SET: 4,
                VALUE_TYPE_SORTED_SET: 5,
              },
            },
            WatchRequest: {
              oneofs: {
                what: { oneof: ["key", "prefix"] },
              },
              fields: {
                key: { type: "bytes", id: 1 },
                prefix: { type: "bytes", id: 2 },
                from: { type: "bytes", id: 3 },
                previous: { type: "bool", id: 4 },
                noValues: { type: "bool", id: 5 },
              },
            },
            WatchReply: {
              fields: {
                changes: { rule: "repeated", type: "Change", id: 1 },
                position: { type: "bytes", id: 2 },
                slotsLost: { rule: "repeated", type: "uint32", id: 3 },
                slotsGained: { rule: "repeated", type: "uint32", id: 4 },
              },
            },
            Change: {
              oneofs: {
                _expiresAtMillis: { oneof: ["expiresAtMillis"] },
                _previous: { oneof: ["previous"] },
              },
              fields: {
                kind: { type: "Kind", id: 1 },
                key: { type: "bytes", id: 2 },
                type: { type: "ValueType", id: 3 },
                value: { type: "bytes", id: 4 },
                version: { type: "bytes", id: 5 },
                expiresAtMillis: {
                  type: "uint64",
                  id: 6,
                  options: { proto3_optional: true },
                },
                previous: {
                  type: "bytes",
                  id: 7,
                  options: { proto3_optional: true },
                },
                previousUnknown: { type: "bool", id: 8 },
                valueUnknown: { type: "bool", id: 9 },
              },
              nested: {
                Kind: {
                  values: {
                    KIND_UNKNOWN: 0,
                    KIND_SET: 1,
                    KIND_DELETED: 2,
                    KIND_CLEARED: 4,
                  },
                  reserved: [[3, 3]],
                },
              },
            },
            CallsRequest: {
              fields: {
                calls: { rule: "repeated", type: "Call", id: 1 },
                cancelled: { rule: "repeated", type: "uint64", id: 2 },
              },
            },
            Call: {
              oneofs: {
                request: {
                  oneof: ["get", "put", "delete", "compareAndSet", "increment", "batch", "scan"],
                },
              },
              fields: {
                id: { type: "uint64", id: 1 },
                timeoutMillis: { type: "uint32", id: 2 },
                get: { type: "GetRequest", id: 3 },
                put: { type: "PutRequest", id: 4 },
                delete: { type: "DeleteRequest", id: 5 },
                compareAndSet: { type: "CompareAndSetRequest", id: 6 },
                increment: { type: "IncrementRequest", id: 7 },
                batch: { type: "BatchRequest", id: 8 },
                scan: { type: "ScanRequest", id: 9 },
              },
            },
            CallsReply: {
              fields: {
                answers: { rule: "repeated", type: "Answer", id: 1 },
              },
            },
            Answer: {
              oneofs: {
                reply: {
                  oneof: ["error", "get", "put", "delete", "compareAndSet", "increment", "batch", "scan"],
                },
              },
              fields: {
                id: { type: "uint64", id: 1 },
                error: { type: "Error", id: 2 },
                get: { type: "GetReply", id: 3 },
                put: { type: "PutReply", id: 4 },
                delete: { type: "DeleteReply", id: 5 },
                compareAndSet: { type: "CompareAndSetReply", id: 6 },
                increment: { type: "IncrementReply", id: 7 },
                batch: { type: "BatchReply", id: 8 },
                scan: { type: "ScanReply", id: 9 },
              },
            },
            Error: {
              fields: {
                code: { type: "uint32", id: 1 },
                message: { type: "string", id: 2 },
                detail: { type: "ErrorDetail", id: 3 },
              },
            },
            ErrorDetail: {
              oneofs: {
                _slot: { oneof: ["slot"] },
              },
              fields: {
                reason: { type: "Reason", id: 1 },
                field: { type: "string", id: 2 },
                address: { type: "string", id: 3 },
                retryAfterMillis: { type: "uint32", id: 4 },
                slot: {
                  type: "uint32",
                  id: 5,
                  options: { proto3_optional: true },
                },
              },
              nested: {
                Reason: {
                  values: {
                    REASON_UNKNOWN: 0,
                    REASON_MOVED: 1,
                    REASON_NOT_PRIMARY: 2,
                    REASON_NOT_SERVED: 3,
                    REASON_NO_REPLICAS: 4,
                    REASON_DISK: 5,
                    REASON_OUT_OF_MEMORY: 6,
                    REASON_NOT_READY: 7,
                    REASON_WRONG_TYPE: 8,
                    REASON_NOT_AN_INTEGER: 9,
                    REASON_OVERFLOW: 10,
                    REASON_POSITION_LOST: 11,
                    REASON_INVALID_FIELD: 12,
                    REASON_DIFFERENT_SLOTS: 13,
                    REASON_TOO_MANY: 14,
                    REASON_PASSWORD: 15,
                    REASON_NOT_EXECUTED: 16,
                    REASON_FATE_UNKNOWN: 17,
                    REASON_SESSION_EXPIRED: 18,
                    REASON_REPLAYED: 19,
                    REASON_REPLY_FORGOTTEN: 20,
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
