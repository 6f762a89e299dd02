/** Who may do what in the store: docs/architecture.md, the table of identities, as IAM policies. */

interface Statement {
  Effect: "Allow";
  Action: string[];
  Resource: string[];
  Condition?: { StringLike: { "s3:prefix": string[] } };
}
export interface Policy {
  Version: "2012-10-17";
  Statement: Statement[];
}

const arn = (place: string) => `arn:aws:s3:::${place}`;

const allow = (actions: string[], ...places: string[]): Statement => ({
  Effect: "Allow",
  Action: actions.map((action) => `s3:${action}`),
  Resource: places.map(arn),
});

const read = (...places: string[]) => allow(["GetObject", "GetObjectVersion"], ...places);
const write = (...places: string[]) =>
  allow(["PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"], ...places);
const remove = (...places: string[]) => allow(["DeleteObject", "DeleteObjectVersion"], ...places);
const list = (...buckets: string[]) =>
  allow(["ListBucket", "ListBucketVersions", "GetBucketLocation"], ...buckets);
/** Lists a bucket only below prefixes of this form. */
const listBelow = (bucket: string, prefix: string): Statement => ({
  ...allow(["ListBucket", "ListBucketVersions"], bucket),
  Condition: { StringLike: { "s3:prefix": [prefix] } },
});

const policy = (...statements: Statement[]): Policy => ({
  Version: "2012-10-17",
  Statement: statements,
});

/** Steps add to raw and curated and never take away; only what they staged themselves may go. */
const steps = policy(
  list("staging", "raw", "curated"),
  read("staging/*", "raw/*", "curated/*"),
  write("staging/*/parquet/*", "raw/*", "curated/*"),
  remove("staging/*/parquet/*"),
);

export const policies = {
  gateway: policy(write("staging/*/drop/*")),
  dispatcher: policy(
    listBelow("staging", "*/drop/*"),
    read("staging/*/drop/*"),
    remove("staging/*/drop/*"),
  ),
  pipeline: steps,
  publisher: steps,
  // Receipts and originals are not among what it may take away.
  maintenance: policy(
    list("staging", "curated"),
    read("curated/*"),
    write("curated/*/_batches/*", "curated/*/_expired/*"),
    remove(
      "staging/*/parquet/*",
      ...["curated/*/warehouse/*", "curated/*/_tombstones/*", "curated/*/_expired/*"],
    ),
  ),
  spark: policy(
    listBelow("staging", "*/parquet/*"),
    read("staging/*/parquet/*"),
    list("curated"),
    read("curated/*"),
    write("curated/*"),
    remove("curated/*"),
  ),
  catalog: policy(list("curated"), read("curated/*"), write("curated/*"), remove("curated/*")),
  reader: policy(
    list("raw", "staging", "curated", "archive"),
    read("raw/*", "staging/*", "curated/*", "archive/*"),
  ),
  admin: policy(allow(["*"], "*")),
} as const satisfies Record<string, Policy>;
