/** The standard's own JSON Schema: a contract is checked by it first. */
import { readFileSync } from "node:fs";
import { Ajv2019, type ErrorObject } from "ajv/dist/2019.js";
import addFormatsModule from "ajv-formats";
import { closest } from "../model/text.ts";
import { isMembers } from "./reader.ts";

/** Where a contract breaks the standard, how, and the member that was probably meant. */
export interface StandardProblem {
  path: (string | number)[];
  what: string;
  near: string | null;
}

export type Standard = (contract: unknown) => StandardProblem[];

/** Compiles the schema of a file: `schema.json` of the tool `odcs`. */
export function loadStandard(file: string): Standard {
  const ajv = new Ajv2019({ allErrors: true, strict: false });
  addFormatsModule.default(ajv);
  const schema = JSON.parse(readFileSync(file, "utf8")) as object;
  const validate = ajv.compile(schema);
  const known = [...memberNames(schema)];
  return (contract) => {
    if (validate(contract)) return [];
    const found = new Map<string, StandardProblem>();
    for (const error of validate.errors ?? []) {
      // Branches of a choice say only that another branch was meant.
      if (["oneOf", "anyOf", "if", "allOf"].includes(error.keyword)) continue;
      const problem = problemOf(error, known);
      if (!ofUntyped(contract, problem))
        found.set(`${problem.path.join("/")} ${problem.what}`, problem);
    }
    return [...found.values()];
  };
}

function problemOf(error: ErrorObject, known: readonly string[]): StandardProblem {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const unknown = error.params["additionalProperty"] ?? error.params["unevaluatedProperty"];
  if (unknown !== undefined) {
    const name = String(unknown);
    return {
      path: [...path, name],
      what: `the standard knows no '${name}' here`,
      near: known.includes(name) ? null : closest(name, known),
    };
  }
  const allowed = error.params["allowedValues"] as unknown[] | undefined;
  return {
    ...{ path, near: null },
    what: `${error.message}${allowed ? `: ${allowed.join(", ")}` : ""}`,
  };
}

/**
 * The schema takes a property without a logicalType for one of every type at once, and complains of each. That it has none is told
 * elsewhere.
 */
function ofUntyped(contract: unknown, { path, what }: StandardProblem): boolean {
  const options = path.indexOf("logicalTypeOptions");
  const owner = options < 0 ? path : path.slice(0, options);
  let property: unknown = contract;
  for (const step of owner)
    property = Array.isArray(property)
      ? property[Number(step)]
      : isMembers(property)
        ? property[step]
        : undefined;
  const ofEveryType = options >= 0 || /required property '(map|dimensions)'/.test(what);
  return ofEveryType && isMembers(property) && property["logicalType"] === undefined;
}

/** Every name that the standard gives to a member. */
function memberNames(schema: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) for (const one of schema) memberNames(one, names);
  else if (isMembers(schema))
    for (const [key, value] of Object.entries(schema)) {
      if (key === "properties" && isMembers(value))
        for (const name of Object.keys(value)) names.add(name);
      memberNames(value, names);
    }
  return names;
}
