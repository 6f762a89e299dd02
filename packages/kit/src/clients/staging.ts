/** The drop part of the staging bucket: what the gateway puts there and the dispatcher finds. Versions, never just keys. */
import { createReadStream } from "node:fs";
import { keys } from "../model/names.ts";
import { s3Client, type ListedVersion, type S3Config } from "./s3.ts";

const bucket = "staging";

export interface StagedVersion {
  key: string;
  versionId: string;
  size: number;
  lastModified: Date;
}

/** A version with what the gateway said of it; the members are null for what somebody put there directly. */
export interface StagedObject extends StagedVersion {
  name: string | null;
  arrivalMs: number | null;
  sha256: string | null;
  again: boolean;
}

export interface Original {
  key: string;
  path: string;
  size: number;
  /** Hex. It is signed, so the store refuses other bytes. */
  sha256: string;
  name: string;
  arrivalMs: number;
  again: boolean;
}

export type StagingStore = ReturnType<typeof stagingStore>;

export function stagingStore(config: S3Config) {
  const client = s3Client(config);

  return {
    /** Streams a file to a key that must be free. False when there is an object already. */
    async put(original: Original): Promise<boolean> {
      const headers: Record<string, string> = {
        "content-type": "application/octet-stream",
        "content-length": String(original.size),
        "if-none-match": "*",
        "x-amz-meta-gridata-name": encodeURIComponent(original.name.toWellFormed()),
        "x-amz-meta-gridata-arrival": String(original.arrivalMs),
        "x-amz-meta-gridata-sha256": original.sha256,
        ...(original.again && { "x-amz-meta-gridata-again": "1" }),
      };
      const body =
        original.size === 0
          ? ""
          : createReadStream(original.path, { end: original.size - 1, highWaterMark: 1 << 20 });
      try {
        const answer = await client.makeRequestStreamAsync(
          { method: "PUT", bucketName: bucket, objectName: original.key, headers },
          body,
          original.sha256,
          [200],
          config.region,
        );
        answer.resume();
        return true;
      } catch (error) {
        if ((error as { code?: string }).code === "PreconditionFailed") return false;
        throw error;
      } finally {
        if (typeof body !== "string") body.destroy();
      }
    },

    /** Every version below the drop prefix of a world, delete markers left out. */
    async *versions(world: string): AsyncGenerator<StagedVersion> {
      const listing = client.listObjects(bucket, keys.dropPrefix(world), true, {
        IncludeVersion: true,
      });
      for await (const item of listing as AsyncIterable<ListedVersion>) {
        if (item.isDeleteMarker || !item.name) continue;
        yield {
          key: item.name,
          versionId: item.versionId ?? "null",
          size: item.size ?? 0,
          lastModified: new Date(item.lastModified),
        };
      }
    },

    /** Null when that version (or, without one, the object) is gone. */
    async stat(key: string, versionId?: string): Promise<StagedObject | null> {
      try {
        const found = await client.statObject(bucket, key, versionId ? { versionId } : {});
        const meta = found.metaData as Record<string, string | undefined>;
        const arrival = Number(meta["gridata-arrival"]);
        const sha256 = meta["gridata-sha256"];
        return {
          key,
          versionId: found.versionId ?? versionId ?? "null",
          size: found.size,
          lastModified: found.lastModified,
          name: decodeName(meta["gridata-name"]),
          arrivalMs: Number.isSafeInteger(arrival) && arrival > 0 ? arrival : null,
          sha256: sha256 && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : null,
          again: meta["gridata-again"] === "1",
        };
      } catch (error) {
        if (isGone(error)) return null;
        throw error;
      }
    },

    /** Deletes exactly this version; done too when it is gone already. */
    async remove(key: string, versionId: string): Promise<void> {
      try {
        await client.removeObject(bucket, key, { versionId });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },
  };
}

const isGone = (error: unknown) =>
  ["NotFound", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"].includes(
    (error as { code?: string }).code ?? "",
  );

function decodeName(encoded: string | undefined): string | null {
  if (!encoded) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
