/** The published schemas of the command line's documents, for whoever holds a document to its own. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";

/** A function that tells what a document breaks of its schema: null when nothing. */
export function documentSchemas(checkout: string): (document: unknown) => string | null {
  const dir = join(checkout, "docs/schemas");
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
  });
  for (const file of readdirSync(dir))
    ajv.addSchema(JSON.parse(readFileSync(join(dir, file), "utf8")) as object);
  return (document) => {
    const { schema } = document as { schema?: unknown };
    const name = /^gridata\.([a-z0-9]+)\/1$/.exec(String(schema))?.[1];
    const validate = name ? ajv.getSchema(`${name}.schema.json`) : undefined;
    if (!validate) return `there is no schema of '${String(schema)}'`;
    return validate(document) ? null : ajv.errorsText(validate.errors, { separator: "\n" });
  };
}
