/** The standard's own JSON Schema: a contract is checked by it first. */
import { readFileSync } from "node:fs";
import { Ajv2019 } from "ajv/dist/2019.js";
import addFormatsModule from "ajv-formats";

/** Where a contract breaks the standard, and how. */
export interface StandardProblem {
  path: (string | number)[];
  what: string;
}

export type Standard = (contract: unknown) => StandardProblem[];

/** Compiles the schema of a file: `schema.json` of the tool `odcs`. */
export function loadStandard(file: string): Standard {
  const ajv = new Ajv2019({ allErrors: true, strict: false });
  addFormatsModule.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(file, "utf8")) as object);
  return (contract) => {
    if (validate(contract)) return [];
    const seen = new Set<string>();
    return (
      (validate.errors ?? [])
        // Branches of a choice say only that another branch was meant.
        .filter(({ keyword }) => !["oneOf", "anyOf", "if", "allOf"].includes(keyword))
        .map((error) => {
          const unknown = error.params["additionalProperty"] ?? error.params["unevaluatedProperty"];
          const path = error.instancePath
            .split("/")
            .slice(1)
            .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
            .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
          if (unknown !== undefined) path.push(String(unknown));
          const allowed = error.params["allowedValues"] as unknown[] | undefined;
          const what =
            unknown === undefined
              ? `${error.message}${allowed ? `: ${allowed.join(", ")}` : ""}`
              : `the standard knows no '${String(unknown)}' here`;
          return { path, what };
        })
        .filter(({ path, what }) => {
          const key = `${path.join("/")} ${what}`;
          return !seen.has(key) && seen.add(key);
        })
    );
  };
}
