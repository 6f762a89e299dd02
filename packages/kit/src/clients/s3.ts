/** The object store of a stack. The only file that makes a client of it, so another library replaces it here. */
import { Client } from "minio";
import { Exit, KitError } from "../model/errors.ts";

export interface S3Config {
  endpoint: string;
  region: string;
  access_key: string;
  secret_key: string;
}

export interface StoredObject {
  key: string;
  size: number;
  /** Null where the bucket keeps no versions. */
  versionId: string | null;
  at: Date;
}

/**
 * The library sends the key after which a page of versions begins as the answer before had it, encoded in another way than what it
 * signs: from the thousandth version on it would be refused.
 */
class PagedClient extends Client {
  override listObjectsQuery(
    ...[bucket, prefix, marker, options]: Parameters<Client["listObjectsQuery"]>
  ) {
    const from = (options as { keyMarker?: string } | undefined)?.keyMarker;
    const keyMarker = from && inQuery(decodeURIComponent(from.replaceAll("+", " ")));
    return super.listObjectsQuery(bucket, prefix, marker, {
      ...options,
      ...(keyMarker && { keyMarker }),
    });
  }
}

const inQuery = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );

export function s3Client(config: S3Config): Client {
  const url = new URL(config.endpoint);
  return new PagedClient({
    endPoint: url.hostname,
    port: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
    useSSL: url.protocol === "https:",
    accessKey: config.access_key,
    secretKey: config.secret_key,
    region: config.region,
    pathStyle: true,
    // A stream can't be sent twice; whoever calls knows when to try again.
    retryOptions: { disableRetry: true },
  });
}

/** One entry of a listing with versions; the library's own type lacks most of it. */
export interface ListedVersion {
  name?: string;
  versionId?: string;
  size?: number;
  lastModified: string | Date;
  isDeleteMarker?: boolean;
}

export type ObjectStore = ReturnType<typeof objectStore>;

export function objectStore(config: S3Config) {
  const client = s3Client(config);
  // Without versions a page begins at a token of the store's, not at a key.
  const entries = (bucket: string, prefix: string, versions: boolean, recursive = true) =>
    (versions
      ? client.listObjects(bucket, prefix, recursive, { IncludeVersion: true })
      : client.listObjectsV2(bucket, prefix, recursive)) as AsyncIterable<ListedVersion>;

  return {
    /** Current objects below a prefix; with `versions`, every version that is not a delete marker. */
    async list(bucket: string, prefix: string, versions = false): Promise<StoredObject[]> {
      const found: StoredObject[] = [];
      for await (const entry of entries(bucket, prefix, versions)) {
        const { name, size, versionId, lastModified, isDeleteMarker } = entry;
        if (!name || isDeleteMarker) continue;
        const at = new Date(lastModified);
        found.push({ key: name, size: size ?? 0, versionId: versionId ?? null, at });
      }
      return found;
    },

    /** Names of the folders at the top of a bucket; with `versions`, those too of which only old versions are left. */
    async folders(bucket: string, versions = false): Promise<string[]> {
      const found: string[] = [];
      for await (const entry of entries(bucket, "", versions, false)) {
        const { prefix } = entry as { prefix?: string };
        if (prefix) found.push(prefix.replace(/\/$/, ""));
      }
      return found;
    },

    async getText(bucket: string, key: string): Promise<string> {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of await client.getObject(bucket, key)) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks).toString("utf8");
      } catch (error) {
        if ((error as { code?: string }).code !== "NoSuchKey") throw error;
        throw new KitError({
          code: "OBJECT_NOT_FOUND",
          what: `there is no object s3://${bucket}/${key}`,
          exit: Exit.notFound,
          cause: error,
        });
      }
    },

    /** Removes all objects below a prefix, with all their versions; how many. */
    async removePrefix(bucket: string, prefix: string): Promise<number> {
      const doomed: { name: string; versionId?: string }[] = [];
      for await (const { name, versionId } of entries(bucket, prefix, true))
        if (name) doomed.push({ name, ...(versionId && { versionId }) });
      for (let i = 0; i < doomed.length; i += 500)
        await client.removeObjects(bucket, doomed.slice(i, i + 500));
      return doomed.length;
    },
  };
}
