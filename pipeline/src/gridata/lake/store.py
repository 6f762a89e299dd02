"""Objects, as the pipeline uses them."""

import json
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as BotoConfig
from botocore.exceptions import ClientError

from gridata import config


class Store:
    def __init__(self, settings: config.S3) -> None:
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key,
            config=BotoConfig(
                s3={"addressing_style": "path"},
                retries={"max_attempts": 3, "mode": "standard"},
                connect_timeout=5,
                read_timeout=60,
            ),
        )

    def download(self, bucket: str, key: str, version: str | None, to: Path) -> None:
        extra = {"VersionId": version} if version else None
        self._client.download_file(bucket, key, str(to), ExtraArgs=extra)

    def upload(self, bucket: str, key: str, source: Path) -> None:
        self._client.upload_file(str(source), bucket, key)

    def put_json(self, bucket: str, key: str, document: Any) -> None:
        body = json.dumps(document, ensure_ascii=False, indent=1).encode()
        self._client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")

    def get(self, bucket: str, key: str) -> bytes:
        return bytes(self._client.get_object(Bucket=bucket, Key=key)["Body"].read())

    def put_text(self, bucket: str, key: str, text: str) -> None:
        self._client.put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="text/plain; charset=utf-8")

    def get_json(self, bucket: str, key: str) -> Any | None:
        """The document, or None when there is no such object."""
        try:
            return json.loads(self._client.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """Of all objects below a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def versions(self, bucket: str, prefix: str) -> list[tuple[str, str]]:
        """Key and id of every version below a prefix, delete markers too."""
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        return [
            (item["Key"], item["VersionId"])
            for page in pages
            for kind in ("Versions", "DeleteMarkers")
            for item in page.get(kind, [])
        ]

    def remove_version(self, bucket: str, key: str, version: str) -> None:
        """For good. Done too when there is none."""
        self._client.delete_object(Bucket=bucket, Key=key, VersionId=version)

    def remove(self, bucket: str, key: str) -> None:
        """Done too when there is none. Where a bucket keeps versions the newest one is hidden, not lost."""
        self._client.delete_object(Bucket=bucket, Key=key)

    def size(self, bucket: str, key: str) -> int | None:
        """Bytes of an object, or None when there is none."""
        try:
            return int(self._client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return None
            raise
