/** What the contracts of the checkout change: against what is committed, and against the tables of a stack that runs. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { icebergCatalog, type IcebergCatalog } from "../clients/iceberg.ts";
import { readStackConfig } from "../clients/stack.ts";
import {
  compileContract,
  contractChanges,
  publishedChanges,
  type Change,
  type Standard,
} from "../contracts/index.ts";
import type { CompiledContract } from "../model/contract.ts";
import type { Context } from "./command.ts";

export interface SavedChange extends Change {
  dataset: string;
  /** `commit`: changed since the last one. `table`: the published table is not as the contract says. */
  against: "commit" | "table";
}

type Place = Pick<Context, "checkout" | "stack" | "world">;

/** Nothing is told of a contract that is new, of a checkout without git, or of tables that can't be asked. */
export async function savedChanges(
  place: Place,
  contracts: readonly CompiledContract[],
  standard: Standard,
): Promise<SavedChange[]> {
  const tables = catalogOf(place);
  const found = await Promise.all(
    contracts.map(async (contract) => {
      const dataset = `${contract.domain}.${contract.dataset}`;
      const text = await textAtHead(place.checkout, contract.source);
      const before = text && compileContract(contract.source, text, standard).contract;
      const since = before ? contractChanges(before, contract) : [];
      const fields = (await tables?.fields(contract.table).catch(() => null)) ?? null;
      const told = new Set(since.map(({ what }) => what));
      const open = fields ? publishedChanges(fields, contract) : [];
      return [
        ...since.map((change) => ({ dataset, ...change, against: "commit" as const })),
        ...open
          .filter(({ what }) => !told.has(what))
          .map((change) => ({ dataset, ...change, against: "table" as const })),
      ];
    }),
  );
  return found.flat();
}

function catalogOf({ checkout, stack, world }: Place): IcebergCatalog | null {
  try {
    const { catalog } = readStackConfig(checkout, stack, "reader");
    return catalog ? icebergCatalog(catalog, world) : null;
  } catch {
    return null;
  }
}

const textAtHead = (checkout: string, path: string): Promise<string | null> =>
  promisify(execFile)("git", ["show", `HEAD:./${path}`], { cwd: checkout }).then(
    ({ stdout }) => stdout,
    () => null,
  );
