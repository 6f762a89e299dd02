/** The step host: has a step's imports done and forks a child for each step. */
import { path, tool, type ServiceDef } from "../../model/service.ts";
import { ours } from "../programs.ts";

export const steps: ServiceDef = {
  name: "steps",
  summary: "runs the pipeline's steps, with warm imports",
  tools: ["python-pipeline"],
  // It opens no connection of its own: each step does.
  needs: [],
  ports: {},
  secrets: {},
  files: [],
  before: [],
  process: {
    argv: [tool("python-pipeline", "bin/python"), "-m", "gridata.host"],
    env: {
      ...ours("pipeline"),
      PYTHONPATH: path("checkout", "pipeline/src"),
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONUNBUFFERED: "1",
      TMPDIR: path("data", "tmp"),
    },
    cwd: path("data"),
    stop: { signal: "SIGTERM", graceSeconds: 10 },
  },
  ready: [{ kind: "socket", path: path("socket", "steps.sock") }],
  readyDeadlineSeconds: 60,
  alive: { kind: "closes", path: path("socket", "steps.sock") },
  after: [],
  accepting: false,
  memoryMb: { normal: 180, small: 170 },
};
