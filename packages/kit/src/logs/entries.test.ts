import { describe, expect, it } from "vitest";
import { assembler, isWanted, merge, settle, type Entry } from "./entries.ts";

function entriesOf(service: string, text: string): Entry[] {
  const lines = assembler(service);
  return settle([...text.split("\n").flatMap((line) => lines.push(line)), ...lines.flush()]);
}
const only = (service: string, text: string): Entry => {
  const entries = entriesOf(service, text);
  expect(entries).toHaveLength(1);
  return entries[0]!;
};

describe("a line of each program of a stack", () => {
  it("ours: its members, and 64-bit integers with all their digits", () => {
    const entry = only(
      "steps",
      '{"time": "2026-11-24T21:06:26.627Z", "level": "info", "service": "steps", "msg": "written", "batch": "b1", "snapshot": 2333157555507194150}',
    );
    expect(entry).toMatchObject({
      ...{ time: "2026-11-24T21:06:26.627Z", level: "info", service: "steps", message: "written" },
      fields: { batch: "b1", snapshot: "2333157555507194150" },
    });
  });

  it.each([
    [
      "airflow with T",
      "2026-11-24T21:06:14.552837Z [info     ] Worker starting up pid=16523   [airflow.executors.Local] loc=local.py:76",
      ["2026-11-24T21:06:14.552Z", "info", "Worker starting up pid=16523"],
    ],
    [
      "airflow with an offset",
      "2026-11-24 23:06:26.908118+02:00 [warning  ] Parse complete  [task] run_id=default.b1m87p37wbq485.2",
      ["2026-11-24T21:06:26.908Z", "warn", "Parse complete"],
    ],
    [
      "postgres",
      '2026-11-24 21:06:03.161 UTC [16034] airflow@airflow ERROR:  relation "log" does not exist',
      ["2026-11-24T21:06:03.161Z", "error", 'relation "log" does not exist'],
    ],
    [
      "postgres, the statement of a failure",
      "2026-11-24 21:06:03.161 UTC [16034] airflow@airflow STATEMENT:  select 1",
      ["2026-11-24T21:06:03.161Z", "info", "STATEMENT: select 1"],
    ],
    [
      "kafka",
      "2026-11-24T21:06:06.194Z INFO org.apache.kafka.Group - [Group id=1] Stabilized",
      ["2026-11-24T21:06:06.194Z", "info", "[Group id=1] Stabilized"],
    ],
    [
      "kafka before its settings are read",
      "[main] WARN kafka.utils.Log4j - Registered",
      [null, "warn", "Registered"],
    ],
    [
      "spark",
      "26/11/24 21:06:22 WARN NativeCodeLoader: Unable to load",
      ["2026-11-24T21:06:22.000Z", "warn", "Unable to load"],
    ],
    [
      "one that nobody knows",
      "performing post-bootstrap initialization ... ok",
      [null, null, "performing post-bootstrap initialization ... ok"],
    ],
    ["JSON that is not a log line", '{"exit": 1}', [null, null, '{"exit": 1}']],
  ])("%s", (_, line, [time, level, message]) => {
    expect(only("any", line)).toMatchObject({ time, level, message });
  });

  it("of Airflow's tasks: world, batch and attempt, out of the run's id", () => {
    const entry = only(
      "airflow-scheduler",
      "2026-11-24T21:06:26.908Z [info     ] started [task] run_id=default.b1m87p37wbq485.2 state='up for retry'",
    );
    expect(entry.fields).toMatchObject({
      ...{ world: "default", batch: "b1m87p37wbq485", attempt: 2 },
      state: "up for retry",
    });
  });

  it("of the store: a block with its time inside, ended by a blank line", () => {
    const [block, next] = entriesOf(
      "s3",
      "API: SYSTEM.notify\nTime: 17:51:47 UTC 11/24/2026\nError: broker is away\n       4: main.go:1\n\nafterwards",
    );
    expect(block).toMatchObject({ time: "2026-11-24T17:51:47.000Z", level: "error" });
    expect(block!.message).toContain("broker is away");
    expect(next).toMatchObject({ message: "afterwards" });
  });
});

it("keeps the lines of a trace with the line that they explain", () => {
  const java =
    "26/11/24 21:06:22 ERROR Executor: failed\njava.lang.X: no\n\tat a.B.c(B.java:1)\nCaused by: y\n\t... 3 more";
  expect(entriesOf("spark", java).map(({ message }) => message)).toEqual([
    "failed",
    "java.lang.X: no\n\tat a.B.c(B.java:1)\nCaused by: y\n\t... 3 more",
  ]);
  const python =
    'Traceback (most recent call last):\n  File "x.py", line 1\n    raise A\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "y.py", line 2\nValueError: 2\nnext';
  expect(
    entriesOf("steps", python).map(({ level, message }) => [level, message.split("\n").at(-1)]),
  ).toEqual([
    ["error", "ValueError: 2"],
    [null, "next"],
  ]);
});

it("takes colours out", () => {
  expect(only("any", "\u001b[31mred\u001b[0m").message).toBe("red");
});

it("merges services by time; a line without a time stays behind the one before it", () => {
  const kafka = entriesOf(
    "kafka",
    "no time yet\n2026-11-24T21:00:00.000Z INFO a - first\nno time\n2026-11-24T21:00:02.000Z INFO a - third",
  );
  const spark = entriesOf("spark", "26/11/24 21:00:01 INFO b: second");
  expect(merge([spark, kafka]).map(({ message }) => message)).toEqual([
    ...["no time yet", "first", "no time", "second", "third"],
  ]);
});

it("finds a batch in every program's own form", () => {
  const id = "b1m87p37wbq485";
  const named = [
    `{"time":"2026-11-24T21:06:26.042Z","level":"info","service":"d","msg":"started","batch":"${id}"}`,
    `2026-11-24T21:06:26Z [info     ] x [task] run_id=default.${id}.1`,
    `26/11/24 21:06:22 WARN Table: branch audit_${id}_1`,
  ];
  for (const line of named) expect(isWanted(only("any", line), { ids: [id] }), line).toBe(true);
  expect(isWanted(only("any", "26/11/24 21:06:22 WARN Table: main"), { ids: [id] })).toBe(false);
});
