/** The drop gateway: takes files whose writer is done and stages them. */
import { path, type ServiceDef } from "../../model/service.ts";
import { beat, node, ours } from "../programs.ts";

export const gateway: ServiceDef = {
  name: "gateway",
  summary: "takes dropped files to the store",
  tools: [],
  needs: [
    { service: "s3", until: "ready" },
    { service: "postgres", until: "ready" },
  ],
  ports: {},
  secrets: {},
  files: [],
  before: [],
  process: {
    argv: [node, path("checkout", "apps/gateway/src/main.ts")],
    env: ours("gateway"),
    stop: { signal: "SIGTERM", graceSeconds: 10 },
  },
  ready: [{ kind: "log", pattern: '"msg":"watching' }],
  readyDeadlineSeconds: 30,
  alive: beat,
  after: [],
  accepting: true,
  memoryMb: { normal: 90, small: 80 },
};
