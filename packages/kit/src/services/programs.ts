/** Programs of the checkout that several services run. */
import { path, text, type SecretDef, type ServiceDef, type Value } from "../model/service.ts";

/** The Node that this checkout pins, not whichever is on the PATH. */
export const node = path("checkout", "node_modules/node/bin/node");

/** A setup program beside a service's definition. */
export const setupProgram = (file: string): Value =>
  path("checkout", `packages/kit/src/services/${file}`);

/** Where a service's generated settings lie: 0600 files in the stack's private folder. */
export const settings = (file: string): Value => path("config", `services/${file}`);

/** Where a Node program of ours shows that its loop turns. */
const beatFile = path("data", "beat");
export const beat: ServiceDef["alive"] = { kind: "beat", path: beatFile, seconds: 15 };

/** What every process of ours is given: who it is, and where a test arms failpoints. */
export const ours = (identity: string): Record<string, Value> => ({
  GRIDATA_CONFIG: path("config", `${identity}.json`),
  GRIDATA_BEAT: beatFile,
  GRIDATA_FAILPOINTS_DIR: path("run", "failpoints"),
});

export const passwords = (...names: string[]): Record<string, SecretDef> =>
  Object.fromEntries(names.map((name) => [name, { form: "password" }]));

/** Values joined by one character, as class paths and lists are. */
export function joined(separator: string, ...values: Value[]): Value {
  return {
    kind: "concat",
    parts: values.flatMap((value, i) => (i === 0 ? [value] : [separator, value])),
  };
}

/** Lines of a settings file. */
export const lines = (...values: Value[]): Value => text`${joined("\n", ...values)}\n`;
