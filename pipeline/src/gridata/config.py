"""What a process is told about the stack: the JSON file that `GRIDATA_CONFIG` names. docs/architecture.md shows it.

A member is present only if the identity may use that service. Secrets never appear in a `repr`.
"""

import json
import os
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from gridata.errors import Exit, KitError


@dataclass(frozen=True)
class S3:
    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Ledger:
    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Kafka:
    brokers: list[str]
    username: str
    password: str = field(repr=False)
    topic: str
    group: str = ""


@dataclass(frozen=True)
class Catalog:
    uri: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Airflow:
    uri: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Spark:
    """`uri` names the host `localhost`: the client insists on TLS for any other."""

    uri: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Steps:
    socket: str


@dataclass(frozen=True)
class Drop:
    default_dir: str
    worlds_dir: str
    intake_dir: str


@dataclass(frozen=True)
class Config:
    stack: str
    identity: str
    state_dir: Path
    checkout: Path
    s3: S3 | None = None
    ledger: Ledger | None = None
    kafka: Kafka | None = None
    catalog: Catalog | None = None
    airflow: Airflow | None = None
    """Airflow's own tables, in the same server as the ledger."""
    airflow_database: Ledger | None = None
    spark: Spark | None = None
    steps: Steps | None = None
    drop: Drop | None = None


T = TypeVar("T")


def require(member: T | None, name: str, config: Config) -> T:
    """The member, or an error that says which identity lacks it: `s3 = require(config.s3, "s3", config)`."""
    if member is not None:
        return member
    raise KitError(
        "CONFIG_MEMBER_MISSING",
        f"the configuration of '{config.identity}' has no '{name}'",
        "this identity may not use that service, or the configuration is of another version",
        "run ./gridata dev again; it writes the configuration anew",
        exit=Exit.PREREQUISITE,
    )


def read_config(path: Path | None = None) -> Config:
    """Reads `path`, or the file that `GRIDATA_CONFIG` names."""
    if path is None:
        named = os.environ.get("GRIDATA_CONFIG")
        if not named:
            raise KitError(
                "CONFIG_NOT_NAMED",
                "GRIDATA_CONFIG is not set",
                "a service or step reads what it may use from the file that this variable names",
                "start it through ./gridata, or set GRIDATA_CONFIG to .gridata/<stack>/config/<identity>.json",
                exit=Exit.PREREQUISITE,
            )
        path = Path(named)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return parse_config(document)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise KitError(
            "CONFIG_UNREADABLE",
            f"the configuration {path} can't be read",
            f"{type(error).__name__}: {error}",
            "run ./gridata dev again; it writes the configuration anew",
            exit=Exit.PREREQUISITE,
        ) from error


def parse_config(document: dict[str, Any]) -> Config:
    def member(name: str, kind: type[T]) -> T | None:
        value = document.get(name)
        return None if value is None else _make(kind, cast("dict[str, Any]", value), name)

    return Config(
        stack=document["stack"],
        identity=document["identity"],
        state_dir=Path(document["state_dir"]),
        checkout=Path(document["checkout"]),
        s3=member("s3", S3),
        ledger=member("ledger", Ledger),
        kafka=member("kafka", Kafka),
        catalog=member("catalog", Catalog),
        airflow=member("airflow", Airflow),
        airflow_database=member("airflow_database", Ledger),
        spark=member("spark", Spark),
        steps=member("steps", Steps),
        drop=member("drop", Drop),
    )


def _make(kind: type[T], value: dict[str, Any], name: str) -> T:
    """A dataclass of the members that it knows; others are of a newer version and left alone."""
    known = {item.name: item for item in fields(cast(Any, kind))}
    missing = [key for key, item in known.items() if key not in value and item.default is MISSING]
    if missing:
        raise KeyError(f"{name}.{missing[0]}")
    return kind(**{key: value[key] for key in known if key in value})
