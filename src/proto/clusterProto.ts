/** Made from proto/holdfast/v1/cluster.proto by `npm run proto`. */
export const CLUSTER_PROTO = {
  nested: {
    holdfast: {
      nested: {
        v1: {
          nested: {
            Cluster: {
              methods: {
                GetTopology: { requestType: "GetTopologyRequest", responseType: "Topology" },
                WatchTopology: {
                  requestType: "WatchTopologyRequest",
                  responseType: "Topology",
                  responseStream: true,
                },
                Plan: { requestType: "PlanRequest", responseType: "PlanReply" },
                Execute: { requestType: "ExecuteRequest", responseType: "PlanReply" },
                ListMoves: {
                  requestType: "ListMovesRequest",
                  responseType: "ListMovesReply",
                },
                Why: { requestType: "WhyRequest", responseType: "WhyReply" },
                Hot: { requestType: "HotRequest", responseType: "HotReply" },
              },
            },
            GetTopologyRequest: {
              fields: {},
            },
            WatchTopologyRequest: {
              fields: {},
            },
            SlotRange: {
              fields: {
                from: { type: "uint32", id: 1 },
                to: { type: "uint32", id: 2 },
              },
            },
            Topology: {
              fields: {
                cluster: { type: "string", id: 1 },
                slotsVersion: { type: "uint64", id: 2 },
                groups: { rule: "repeated", type: "Group", id: 3 },
                spares: { rule: "repeated", type: "Worker", id: 4 },
                masters: { rule: "repeated", type: "Master", id: 5 },
                notices: { rule: "repeated", type: "string", id: 6 },
              },
            },
            Group: {
              fields: {
                name: { type: "string", id: 1 },
                slots: { rule: "repeated", type: "SlotRange", id: 2 },
                epoch: { type: "uint64", id: 3 },
                weight: { type: "double", id: 4 },
                draining: { type: "bool", id: 5 },
                workers: { rule: "repeated", type: "Worker", id: 6 },
              },
            },
            Worker: {
              fields: {
                id: { type: "string", id: 1 },
                role: { type: "Role", id: 2 },
                redis: { type: "string", id: 3 },
                rpc: { type: "string", id: 4 },
                present: { type: "bool", id: 5 },
                version: { type: "string", id: 6 },
                lentTo: { type: "string", id: 7 },
              },
              nested: {
                Role: {
                  values: {
                    ROLE_UNKNOWN: 0,
                    ROLE_PRIMARY: 1,
                    ROLE_SECONDARY: 2,
                    ROLE_LEARNER: 3,
                    ROLE_ABSENT: 4,
                    ROLE_SPARE: 5,
                  },
                },
              },
            },
            Master: {
              fields: {
                id: { type: "string", id: 1 },
                active: { type: "bool", id: 2 },
                rpc: { type: "string", id: 3 },
                http: { type: "string", id: 4 },
                version: { type: "string", id: 5 },
              },
            },
            Command: {
              oneofs: {
                kind: {
                  oneof: [
                    "migrate",
                    "rebalance",
                    "drain",
                    "undrain",
                    "weight",
                    "cancel",
                    "pause",
                    "resume",
                    "lend",
                    "return",
                    "advice",
                    "autoRebalance",
                  ],
                },
              },
              fields: {
                migrate: { type: "Migrate", id: 1 },
                rebalance: { type: "Rebalance", id: 2 },
                drain: { type: "GroupCommand", id: 3 },
                undrain: { type: "GroupCommand", id: 4 },
                weight: { type: "SetWeight", id: 5 },
                cancel: { type: "MoveCommand", id: 6 },
                pause: { type: "MoveCommand", id: 7 },
                resume: { type: "MoveCommand", id: 8 },
                lend: { type: "Lend", id: 9 },
                return: { type: "Return", id: 10 },
                advice: { type: "Switch", id: 11 },
                autoRebalance: { type: "Switch", id: 12 },
              },
            },
            Migrate: {
              fields: {
                slots: { rule: "repeated", type: "SlotRange", id: 1 },
                to: { type: "string", id: 2 },
                bytesPerSecondMax: { type: "uint64", id: 3 },
              },
            },
            Rebalance: {
              fields: {},
            },
            GroupCommand: {
              fields: {
                group: { type: "string", id: 1 },
              },
            },
            SetWeight: {
              fields: {
                group: { type: "string", id: 1 },
                weight: { type: "double", id: 2 },
              },
            },
            MoveCommand: {
              fields: {
                id: { type: "string", id: 1 },
              },
            },
            Lend: {
              fields: {
                spare: { type: "string", id: 1 },
                group: { type: "string", id: 2 },
              },
            },
            Return: {
              fields: {
                spare: { type: "string", id: 1 },
              },
            },
            Switch: {
              fields: {
                on: { type: "bool", id: 1 },
              },
            },
            PlanRequest: {
              fields: {
                command: { type: "Command", id: 1 },
              },
            },
            PlannedMove: {
              fields: {
                source: { type: "string", id: 1 },
                target: { type: "string", id: 2 },
                slots: { rule: "repeated", type: "SlotRange", id: 3 },
              },
            },
            PlanReply: {
              oneofs: {
                _keys: { oneof: ["keys"] },
                _bytes: { oneof: ["bytes"] },
              },
              fields: {
                sentences: { rule: "repeated", type: "string", id: 1 },
                moves: { rule: "repeated", type: "PlannedMove", id: 2 },
                keys: {
                  type: "uint64",
                  id: 3,
                  options: { proto3_optional: true },
                },
                bytes: {
                  type: "uint64",
                  id: 4,
                  options: { proto3_optional: true },
                },
                request: { type: "string", id: 5 },
                isDone: { type: "bool", id: 6 },
                fingerprint: { type: "string", id: 7 },
              },
            },
            ExecuteRequest: {
              fields: {
                command: { type: "Command", id: 1 },
                fingerprint: { type: "string", id: 2 },
              },
            },
            ListMovesRequest: {
              fields: {},
            },
            ListMovesReply: {
              fields: {
                moves: { rule: "repeated", type: "Move", id: 1 },
                wanted: { rule: "repeated", type: "Wanted", id: 2 },
                isBalancing: { type: "bool", id: 3 },
                isPaused: { type: "bool", id: 4 },
              },
            },
            Wanted: {
              fields: {
                request: { type: "string", id: 1 },
                slots: { rule: "repeated", type: "SlotRange", id: 2 },
                to: { type: "string", id: 3 },
              },
            },
            Move: {
              oneofs: {
                _millisLeft: { oneof: ["millisLeft"] },
              },
              fields: {
                id: { type: "string", id: 1 },
                source: { type: "string", id: 2 },
                target: { type: "string", id: 3 },
                slots: { rule: "repeated", type: "SlotRange", id: 4 },
                state: { type: "State", id: 5 },
                paused: { type: "bool", id: 6 },
                reason: { type: "string", id: 7 },
                plannedAt: { type: "uint64", id: 8 },
                keysCopied: { type: "uint64", id: 9 },
                keysTotal: { type: "uint64", id: 10 },
                bytesCopied: { type: "uint64", id: 11 },
                bytesTotal: { type: "uint64", id: 12 },
                bytesPerSecond: { type: "uint64", id: 13 },
                lagMillis: { type: "uint64", id: 14 },
                millisLeft: {
                  type: "uint64",
                  id: 15,
                  options: { proto3_optional: true },
                },
              },
              nested: {
                State: {
                  values: {
                    STATE_UNKNOWN: 0,
                    STATE_PLANNED: 1,
                    STATE_COPYING: 2,
                    STATE_FLIPPED: 3,
                    STATE_ABORTED: 4,
                  },
                },
              },
            },
            WhyRequest: {
              fields: {
                countMax: { type: "uint32", id: 1 },
              },
            },
            Decision: {
              fields: {
                at: { type: "uint64", id: 1 },
                epoch: { type: "uint64", id: 2 },
                kind: { type: "string", id: 3 },
                text: { type: "string", id: 4 },
                executed: { type: "bool", id: 5 },
              },
            },
            WhyReply: {
              fields: {
                decisions: { rule: "repeated", type: "Decision", id: 1 },
              },
            },
            HotRequest: {
              fields: {
                countMax: { type: "uint32", id: 1 },
              },
            },
            HotReply: {
              fields: {
                workers: { rule: "repeated", type: "HotWorker", id: 1 },
                slots: { rule: "repeated", type: "HotSlot", id: 2 },
                keys: { rule: "repeated", type: "HotKey", id: 3 },
              },
            },
            HotWorker: {
              fields: {
                worker: { type: "string", id: 1 },
                group: { type: "string", id: 2 },
                reads: { type: "double", id: 3 },
                writes: { type: "double", id: 4 },
                bytes: { type: "double", id: 5 },
                load: { type: "double", id: 6 },
                at: { type: "uint64", id: 7 },
              },
            },
            HotSlot: {
              fields: {
                slot: { type: "uint32", id: 1 },
                group: { type: "string", id: 2 },
                reads: { type: "double", id: 3 },
                writes: { type: "double", id: 4 },
                keys: { type: "uint64", id: 5 },
                bytes: { type: "uint64", id: 6 },
              },
            },
            HotKey: {
              fields: {
                key: { type: "bytes", id: 1 },
                group: { type: "string", id: 2 },
                requests: { type: "double", id: 3 },
              },
            },
          },
        },
      },
    },
  },
};
