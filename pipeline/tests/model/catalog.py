"""The real catalog for a test session: `apps/catalog` as it is in this checkout, on a real database, its objects in memory."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import psycopg
import pytest

SOURCES = Path(__file__).parents[3] / "apps/catalog"
ROLES = ("reader", "engine", "publisher", "admin")
DEADLINE_SECONDS = 60


def _compiled(folder: Path) -> str:
    """The class path. `GRIDATA_TEST_JAVA`: the program; `.._ECJ`: the compiler's jar; `.._JARS`: what the catalog is made of."""
    classes = folder / "classes"
    jars = os.environ["GRIDATA_TEST_JARS"]
    subprocess.run(
        [
            *(os.environ["GRIDATA_TEST_JAVA"], "-XX:TieredStopAtLevel=1", "-jar", os.environ["GRIDATA_TEST_ECJ"]),
            *("-17", "-proc:none", "-nowarn", "-encoding", "UTF-8", "-d", str(classes), "-cp", jars),
            *sorted(map(str, SOURCES.rglob("*.java"))),
        ],
        check=True,
    )
    return f"{classes}:{jars}"


@contextlib.contextmanager
def running(server: int, folder: Path) -> Generator[str]:
    """Its address. The token of each role is the role's name."""
    database = f"catalog_{os.getpid()}"
    with psycopg.connect(host="127.0.0.1", port=server, user="postgres", dbname="postgres", autocommit=True) as admin:
        admin.execute(f"create database {database}")  # type: ignore[arg-type]
    settings = {
        "listen": {"host": "127.0.0.1", "port": 0},
        "database": {"host": "127.0.0.1", "port": server, "database": database, "user": "postgres", "password": ""},
        "s3": {"endpoint": "", "access_key": "", "secret_key": "", "region": ""},
        "roles": {role: role for role in ROLES},
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    log = folder / "catalog.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(os.environ["GRIDATA_TEST_JAVA"], "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                *("-XX:-UsePerfData", "-cp", _compiled(folder), "gridata.catalog.InMemory"),
                str(folder / "settings.json"),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"http://127.0.0.1:{_port(log, process)}"
    finally:
        process.kill()
        process.wait(timeout=DEADLINE_SECONDS)


@pytest.fixture(scope="session")
def catalog(server: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a catalog: of this session, or the one that `GRIDATA_TEST_CATALOG` names."""
    if given := os.environ.get("GRIDATA_TEST_CATALOG"):
        yield given
        return
    with running(server, tmp_path_factory.mktemp("catalog")) as address:
        yield address


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        text = log.read_text(encoding="utf-8")
        for line in text.splitlines(keepends=True):
            if '"msg":"serving"' in line and line.endswith("\n"):
                return int(json.loads(line)["port"])
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
