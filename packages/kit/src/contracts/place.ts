/** Which dataset a contract is of, and which version of its table. */
import { kitDomain } from "../model/names.ts";
import { isMembers, list, textOf, type Members, type Path, type Reader } from "./reader.ts";

export interface Place {
  domain: string;
  dataset: string;
  version: string;
  major: string;
  table: Members;
  /** Where the table stands in the contract. */
  base: Path;
}

const path =
  /^(?:packages\/kit\/)?contracts\/([a-z][a-z0-9_]{0,62})\/([a-z][a-z0-9_]{0,62})\.odcs\.yaml$/;

/** Null when nothing more can be read. */
export function readPlace(reader: Reader, file: string, root: Members): Place | null {
  for (const member of ["apiVersion", "kind", "id", "version", "schema"])
    if (root[member] === undefined)
      reader.fail([], "CONTRACT_MEMBER_MISSING", `'${member}' is missing`, `add '${member}'`);
  const version = textOf(root["version"]) ?? "";
  const major = /^v?(\d+)\.\d+/.exec(version)?.[1];
  if (!major && root["version"] !== undefined)
    reader.fail(
      ["version"],
      "CONTRACT_VERSION",
      `'${version}' is not a version`,
      "write it as 1.0.0",
    );
  const found = path.exec(file);
  if (!found)
    return reader.fail(
      [],
      "CONTRACT_PLACE",
      `${file} names no dataset`,
      "save it as contracts/<domain>/<dataset>.odcs.yaml, lower case letters, digits and _",
    );
  const [, domain = "", dataset = ""] = found;
  if (domain === kitDomain && file.startsWith("contracts/"))
    reader.fail(
      [],
      "CONTRACT_PLACE",
      `the domain '${kitDomain}' is the kit's own`,
      "save it under another domain",
    );
  if (root["domain"] !== undefined && root["domain"] !== domain)
    reader.fail(
      ["domain"],
      "CONTRACT_PLACE",
      `the domain is '${String(root["domain"])}', the folder '${domain}'`,
      `write domain: ${domain}, or move the file`,
    );
  const tables = list(root["schema"]);
  const [table] = tables;
  if (tables.length !== 1 || !isMembers(table))
    return reader.fail(
      ["schema"],
      "CONTRACT_SCHEMA",
      `the contract describes ${tables.length} tables`,
      "describe exactly one",
    );
  const physical = textOf(table["physicalName"]);
  const name = `${dataset}_v${major ?? ""}`;
  if (major && physical !== null && physical !== name)
    reader.fail(
      ["schema", 0, "physicalName"],
      "CONTRACT_PLACE",
      `the table would be called ${name}, not ${physical}`,
      `write physicalName: ${name}; the number is the major version`,
    );
  return { ...{ domain, dataset, version, major: major ?? "" }, table, base: ["schema", 0] };
}
