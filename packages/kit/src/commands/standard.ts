/** The contracts of the checkout, compiled; brings the standard's schema in first. */
import { join } from "node:path";
import { compileContracts, loadStandard, type Standard } from "../contracts/index.ts";
import { provision } from "../toolchain/provision.ts";
import type { Context } from "./command.ts";

type Place = Pick<Context, "checkout" | "signal">;

export async function standardOf({ checkout, signal }: Place): Promise<Standard> {
  const { dir } = await provision(["odcs"], { checkout, signal }).tool("odcs");
  return loadStandard(join(dir, "open_data_contract_standard/schema.json"));
}

export const checkoutContracts = async (place: Place) =>
  compileContracts(place.checkout, await standardOf(place));
