"""A real ledger for tests: PostgreSQL with the project's migrations, one server a session, one database a test."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import psycopg
import pytest

MIGRATIONS = Path(__file__).parents[1] / "src/gridata/ledger/migrations"
ROLES = ("gateway", "dispatcher", "pipeline", "publisher", "maintenance", "reader", "admin")
DEADLINE_SECONDS = 30


def _as_other_user(*command: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return list(command)
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--", *command]


@contextlib.contextmanager
def running(folder: Path) -> Generator[int]:
    """The port of a server with the project's roles. `GRIDATA_TEST_POSTGRES` is the folder of its programs."""
    programs = Path(os.environ["GRIDATA_TEST_POSTGRES"])
    data = folder / "cluster"
    subprocess.run(
        _as_other_user(str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"),
        check=True,
        capture_output=True,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        _as_other_user(
            *(str(programs / "postgres"), "-D", str(data), "-p", str(port), "-c", "fsync=off"),
            *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
                break
            except psycopg.OperationalError as error:
                assert process.poll() is None, "PostgreSQL ended"
                assert time.monotonic() < deadline, f"PostgreSQL does not answer: {error}"
                time.sleep(0.05)
        with psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres", autocommit=True) as admin:
            for role in ROLES:
                admin.execute(f"create role {role} login")  # type: ignore[arg-type]
        yield port
    finally:
        # At once: sessions of tests that failed may be open.
        process.send_signal(signal.SIGINT)
        process.wait(timeout=DEADLINE_SECONDS)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server: of this session, or the one that `GRIDATA_TEST_SERVER` names."""
    if given := os.environ.get("GRIDATA_TEST_SERVER"):
        yield int(given)
        return
    with running(tmp_path_factory.mktemp("postgres")) as port:
        yield port


_numbers = itertools.count(1)


@pytest.fixture
def database(server: int) -> str:
    """The name of a fresh, migrated ledger database."""
    name = f"ledger_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(host="127.0.0.1", port=server, user="postgres", dbname="postgres", autocommit=True) as admin:
        admin.execute(f"create database {name}")  # type: ignore[arg-type]
    with psycopg.connect(host="127.0.0.1", port=server, user="postgres", dbname=name, autocommit=True) as owner:
        for migration in sorted(MIGRATIONS.glob("*.sql")):
            owner.execute(migration.read_text(encoding="utf-8"))  # type: ignore[arg-type]
    return name
