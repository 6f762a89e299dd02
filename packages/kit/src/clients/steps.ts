/** The step host, spoken to as Airflow's operator does: one task in, lines of its log out, its exit status last. */
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

export type StepTask =
  | {
      step: "validate" | "process" | "check" | "publish";
      world: string;
      batch: string;
      attempt: number;
    }
  | { step: "sweep" }
  /** Ends what runs for attempts of a world: the steps, and the sessions of Spark. */
  | {
      step: "end";
      world: string;
      attempts: readonly (readonly [batch: string, attempt: number])[];
    };

export async function runStep(socketPath: string, task: StepTask): Promise<void> {
  const socket = connect(socketPath);
  await once(socket, "connect");
  socket.write(`${JSON.stringify(task)}\n`);
  const said: string[] = [];
  for await (const line of createInterface({ input: socket })) {
    const answer = JSON.parse(line) as { log?: string; exit?: number };
    if (answer.log !== undefined) said.push(answer.log);
    if (answer.exit === 0) return;
    if (answer.exit !== undefined) break;
  }
  throw new Error(`the step '${task.step}' failed:\n${said.slice(-5).join("\n")}`);
}
