/** The services of a stack and who may use them, as inert data. */
import type { StackDef } from "../model/service.ts";
import { airflow } from "./airflow/index.ts";
import { catalog } from "./catalog/index.ts";
import { dispatcher } from "./dispatcher/index.ts";
import { gateway } from "./gateway/index.ts";
import { identities } from "./identities.ts";
import { kafka } from "./kafka/index.ts";
import { postgres } from "./postgres/index.ts";
import { s3 } from "./s3/index.ts";
import { spark } from "./spark/index.ts";
import { steps } from "./steps/index.ts";
import { proofs } from "./warmup/index.ts";

/** What takes longest to start comes first: it gets the processors first. */
export const stackDef: StackDef = {
  services: [postgres, ...airflow, kafka, s3, catalog, spark, steps, gateway, dispatcher],
  identities,
  proofs,
  secrets: {},
};
