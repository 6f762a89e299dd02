"""Names and keys that cross a boundary: the twin of `packages/kit/src/model/names.ts`. Both are held to fixtures/names.json."""

import re
import secrets
import time
import unicodedata
from dataclasses import dataclass
from typing import Literal

from gridata.errors import Exit, KitError

NameKind = Literal["stack", "world", "domain", "dataset"]

_PATTERNS: dict[NameKind, str] = {
    "stack": r"[a-z][a-z0-9-]{0,20}",
    "world": r"[a-z][a-z0-9_]{0,31}",
    "domain": r"[a-z][a-z0-9_]{0,62}",
    "dataset": r"[a-z][a-z0-9_]{0,62}",
}


def is_name(kind: NameKind, text: str) -> bool:
    return re.fullmatch(_PATTERNS[kind], text) is not None


def check_name(kind: NameKind, text: str) -> str:
    """Returns the name or raises a usage error that shows the allowed form."""
    if is_name(kind, text):
        return text
    raise KitError(
        "NAME_INVALID",
        f"'{text}' is not a valid {kind} name",
        f"a {kind} name has the form ^{_PATTERNS[kind]}$",
        f"use lower-case letters, digits and {'-' if kind == 'stack' else '_'}, starting with a letter",
        exit=Exit.USAGE,
    )


@dataclass(frozen=True)
class DatasetName:
    domain: str
    dataset: str


def parse_dataset(text: str) -> DatasetName:
    """Parses `sales.transactions`."""
    domain, _, dataset = text.partition(".")
    if not is_name("domain", domain) or not is_name("dataset", dataset):
        raise KitError(
            "NAME_INVALID",
            f"'{text}' is not a dataset name",
            "a dataset is named <domain>.<dataset>",
            "write it like sales.transactions",
            exit=Exit.USAGE,
        )
    return DatasetName(domain, dataset)


# Crockford's base 32 without the letters that are read as digits.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(value: int, width: int) -> str:
    return "".join(_ALPHABET[(value >> (5 * i)) & 31] for i in reversed(range(width)))


def new_batch_id(now: int | None = None) -> str:
    """A batch id: ordered by time, unique without asking the ledger. `now` in milliseconds since the epoch."""
    milliseconds = time.time_ns() // 1_000_000 if now is None else now
    return f"b{_base32(milliseconds, 9)}{_base32(secrets.randbelow(1 << 20), 4)}"


def run_id(world: str, batch: str, attempt: int) -> str:
    return f"{world}.{batch}.{attempt}"


def audit_branch(batch: str, attempt: int) -> str:
    return f"audit_{batch}_{attempt}"


@dataclass(frozen=True)
class RunId:
    world: str
    batch: str
    attempt: int


def parse_run_id(text: str) -> RunId | None:
    match = re.fullmatch(r"([a-z][a-z0-9_]{0,31})\.(b[0-9a-z]{13})\.([1-9][0-9]*)", text)
    return RunId(match[1], match[2], int(match[3])) if match else None


def drop_prefix(world: str) -> str:
    """In the bucket `staging`."""
    return f"{world}/drop/"


def drop_key(world: str, domain: str, dataset: str, delivery: str, safe: str) -> str:
    """In the bucket `staging`."""
    return f"{world}/drop/{domain}/{dataset}/{delivery}/{safe}"


def arrival(milliseconds: int, delivery: str) -> str:
    """Value of `_arrival`: texts in the order in which deliveries arrived."""
    return f"{milliseconds:015d}/{delivery}"


def parquet_prefix(world: str, table: str, batch: str, attempt: int) -> str:
    """In the bucket `staging`: what validation of one attempt wrote."""
    return f"{world}/parquet/{table}/{batch}/{attempt}/"


def parquet_key(world: str, table: str, batch: str, attempt: int, delivery: str) -> str:
    """In the bucket `staging`: what validation of one attempt wrote of one delivery."""
    return f"{parquet_prefix(world, table, batch, attempt)}{delivery}.parquet"


def raw_key(world: str, domain: str, dataset: str, day: str, file_id: str, safe: str) -> str:
    """In the bucket `raw`. `day` is the UTC day on which the file was first seen, `yyyy-mm-dd`."""
    return f"{world}/{domain}/{dataset}/dt={day}/{file_id}/{safe}"


def rejected_prefix(world: str, domain: str, dataset: str, file_id: str, delivery: str, attempt: int) -> str:
    """In the bucket `raw`: the folder of `verdict.json` and `records.jsonl`, with a slash at its end."""
    return f"{world}/rejected/{domain}/{dataset}/{file_id}/{delivery}/{attempt}/"


def receipt_key(world: str, batch: str, attempt: int) -> str:
    """In the bucket `curated`."""
    return f"{world}/_batches/{batch}/{attempt}.json"


def tombstones_key(world: str, table: str, batch: str, attempt: int) -> str:
    """In the bucket `curated`: a folder of Parquet files, the tombstones of a table that a snapshot remembers."""
    return f"{world}/_tombstones/{table}/{batch}/{attempt}"


def expiry_prefix(world: str, table: str) -> str:
    """In the bucket `curated`."""
    return f"{world}/_expired/{table}/"


def expiry_key(world: str, table: str, snapshot: int) -> str:
    """In the bucket `curated`: what goes with snapshots that expire, until it is gone. `snapshot`: the newest of them."""
    return f"{expiry_prefix(world, table)}{snapshot}.json"


@dataclass(frozen=True)
class DropKey:
    world: str
    domain: str
    dataset: str
    rest: str


def parse_drop_key(key: str) -> DropKey | None:
    """Parts of a key below `staging/<w>/drop/`; None when it is not one, such as a key that someone put too high up."""
    parts = key.split("/", 4)
    if len(parts) < 5 or parts[1] != "drop":
        return None
    world, _, domain, dataset, rest = parts
    if not is_name("world", world) or not is_name("domain", domain) or not is_name("dataset", dataset):
        return None
    return DropKey(world, domain, dataset, rest)


def safe_name(name: str) -> str:
    """The part of a file name that is safe in an object key, a log and a shell: at most 120 bytes, never empty, never a path.

    The original name travels as metadata.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    cleaned = re.sub(r"^[._-]+", "", re.sub(r"[^A-Za-z0-9._-]+", "_", decomposed))
    if len(cleaned) <= 120:
        return cleaned or "file"
    dot = cleaned.rfind(".")
    ending = cleaned[dot:] if dot > 0 and len(cleaned) - dot <= 16 else ""
    return cleaned[: 120 - len(ending)] + ending
