/**
 * What a stack proves before it is ready: an audited append of the kit's own file, first by the steps alone, while Airflow still
 * starts, then on the whole road. The first of each costs several times the next, and must not be a user's.
 */
import { path, type ProofDef, type TaskDef } from "../../model/service.ts";
import { node, ours } from "../programs.ts";

const task = (name: string, summary: string, deadlineSeconds: number): TaskDef => ({
  ...{ name, summary, deadlineSeconds },
  argv: [node, path("checkout", `packages/kit/src/warmup/${name}.ts`)],
  env: ours("admin"),
});

export const proofs: ProofDef[] = [
  {
    name: "rehearsal",
    summary: "a first audited append, by the steps alone",
    needs: ["postgres", "s3", "catalog", "spark", "steps", "dispatcher"],
    task: task("rehearse", "a first audited append", 120),
  },
  {
    name: "road",
    summary: "a file on the whole road",
    needs: [
      ...["rehearsal", "kafka", "gateway"],
      ...["airflow-api", "airflow-scheduler", "airflow-dag-processor"],
    ],
    task: task("deliver", "a file from the drop folder to its table", 180),
    cleanup: task("remove", "the rehearsals' worlds are removed", 120),
  },
];
