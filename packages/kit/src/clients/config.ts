/** What a process is told: the file that `GRIDATA_CONFIG` names. docs/architecture.md, "Configuration of a process". */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { Exit, KitError } from "../model/errors.ts";

const schema = z.object({
  stack: z.string(),
  identity: z.string(),
  state_dir: z.string(),
  checkout: z.string(),
  s3: z
    .object({
      endpoint: z.url(),
      region: z.string(),
      access_key: z.string(),
      secret_key: z.string(),
    })
    .optional(),
  ledger: z
    .object({
      host: z.string(),
      port: z.number(),
      database: z.string(),
      user: z.string(),
      password: z.string(),
    })
    .optional(),
  kafka: z
    .object({
      brokers: z.array(z.string()).min(1),
      username: z.string(),
      password: z.string(),
      topic: z.string(),
      group: z.string(),
    })
    .optional(),
  catalog: z.object({ uri: z.url(), token: z.string() }).optional(),
  airflow: z.object({ uri: z.url(), username: z.string(), password: z.string() }).optional(),
  spark: z.object({ uri: z.string(), token: z.string() }).optional(),
  steps: z.object({ socket: z.string() }).optional(),
  drop: z
    .object({ default_dir: z.string(), worlds_dir: z.string(), intake_dir: z.string() })
    .optional(),
});

export type Config = z.infer<typeof schema>;
type Section = {
  [K in keyof Config]-?: undefined extends Config[K] ? K : never;
}[keyof Config];

/** Reads and checks a configuration file; by default the one of this process. */
export function readConfig(file: string | undefined = process.env["GRIDATA_CONFIG"]): Config {
  if (!file) throw invalid("GRIDATA_CONFIG names no file", "this process was not told who it is");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw invalid(`${file} can't be read`, (error as Error).message);
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, and the text holds secrets.
    throw invalid(`${file} is not a configuration`, "it is not JSON");
  }
  const parsed = schema.safeParse(document);
  if (!parsed.success)
    throw invalid(`${file} is not a configuration`, z.prettifyError(parsed.error));
  return parsed.data;
}

/** The sections that a part can't do without; fails when its identity was not given one of them. */
export function need<S extends Section>(
  config: Config,
  ...sections: S[]
): Config & { [K in S]-?: NonNullable<Config[K]> } {
  for (const section of sections)
    if (!config[section])
      throw invalid(
        `identity '${config.identity}' has no '${section}'`,
        "its configuration leaves that service out",
      );
  return config as Config & { [K in S]-?: NonNullable<Config[K]> };
}

const invalid = (what: string, why: string) =>
  new KitError({
    code: "CONFIG_INVALID",
    what,
    why,
    fix: "`./gridata dev` writes the configurations of a stack anew",
    exit: Exit.failed,
  });
