"""The step host: a step's imports are done once, each step runs in a child of its own.

One line of JSON in (`{"step", "world", "batch", "attempt"}`, `{"step": "sweep"}` or `{"step": "end", "world", "attempts"}`); lines out:
`{"log": ".."}`, last `{"exit": n}`.
A connection that ends without the last line says that the step died.
"""

import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from gridata.config import Config, read_config, require
from gridata.lake.spark import release_sessions
from gridata.ledger import Ledger, Superseded
from gridata.log import Log
from gridata.steps.alive import end_steps, remove_dead_work
from gridata.steps.run import IDENTITY, run_step
from gridata.sweep import sweep

# What the first step would otherwise import while somebody waits.
for module in ("duckdb", "fastavro", "pyarrow.dataset", "pyspark.sql.connect.session"):
    importlib.import_module(module)

# The first client of a session reads the descriptions of the service: hundreds of kilobytes of JSON. Children inherit them.
boto3.client("s3", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")

BACKLOG = 64
SOURCE = Path(__file__).parent
LISTENER = "GRIDATA_STEPS_LISTENER"
"""A Python that is started anew imports for seconds, on a busy machine for many, before it renews the lease itself."""
STARTING_SECONDS = 60


def serve() -> None:
    settings = read_config()
    path = Path(require(settings.steps, "steps", settings).socket)
    server = _listener(path)
    # Children are not waited for: the connection tells of their end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    log = Log("steps")
    code = _digest(SOURCE)
    refused = code
    log.info("serving", socket=str(path))
    try:
        while True:
            connection, _ = server.accept()
            remove_dead_work()
            if os.fork() == 0:
                server.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                _child(connection, settings, log, code)
            connection.close()
            saved = _digest(SOURCE)
            if saved not in (code, refused):
                if _importable(log):
                    _start_anew(server)
                refused = saved
    finally:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _listener(path: Path) -> socket.socket:
    """A new socket, or that of the host whose place this one takes."""
    inherited = os.environ.pop(LISTENER, None)
    if inherited is not None:
        return socket.socket(fileno=int(inherited))
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    path.chmod(0o600)
    server.listen(BACKLOG)
    return server


def _importable(log: Log) -> bool:
    """Whether the code as it is saved now can take over; a broken save must not end the host."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    tried = subprocess.run(
        [sys.executable, "-c", "import gridata.steps.run"], capture_output=True, text=True, timeout=120, check=False
    )
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass  # children of steps that ended meanwhile
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if tried.returncode != 0:
        log.warn("the saved step code can't be imported; the host goes on with what it has", why=tried.stderr[-500:])
    return tried.returncode == 0


def _start_anew(server: socket.socket) -> None:
    """The same process with the code as it is saved now. Who connects meanwhile waits at the socket; running steps go on."""
    os.set_inheritable(server.fileno(), True)
    os.environ[LISTENER] = str(server.fileno())
    os.execv(sys.executable, [sys.executable, "-m", "gridata.host"])


def _end(number: int, frame: object) -> None:
    sys.exit(0)


def _child(connection: socket.socket, settings: Config, log: Log, code: dict[str, bytes]) -> None:
    """Never returns."""
    status = 1
    stream = connection.makefile("rw", encoding="utf-8", newline="\n")

    def tell(document: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            stream.write(json.dumps(document) + "\n")
            stream.flush()

    def write(line: str) -> None:
        log.write(line)
        tell({"log": line})

    try:
        line = stream.readline()
        if not line:
            os._exit(0)  # somebody asked whether the socket is open
        task = json.loads(line)
        step = str(task["step"])
        if step == "sweep":
            own = Log("steps", write=write)
            tell({"exit": sweep(read_config(settings.state_dir / "config" / "maintenance.json"), own)})
            os._exit(0)
        if step == "end":
            _end_world(settings, str(task["world"]), task["attempts"], Log("steps", write=write))
            tell({"exit": 0})
            os._exit(0)
        identity = settings.state_dir / "config" / f"{IDENTITY[step]}.json"
        pinned = settings.state_dir / "releases" / _release(identity, task) / "pipeline" / "gridata"
        if pinned.exists() and _digest(pinned) != code:
            status = _elsewhere(pinned.parent, identity, task, write)
        else:
            own = Log("steps", write=write)
            status = run_step(
                read_config(identity), own, step, str(task["world"]), str(task["batch"]), int(task["attempt"])
            )
    except BaseException as error:
        write(json.dumps({"level": "error", "service": "steps", "msg": f"{type(error).__name__}: {error}"}))
    tell({"exit": status})
    os._exit(status)


def _end_world(settings: Config, world: str, attempts: list[tuple[str, int]], log: Log) -> None:
    """The world is on its way out, and its attempts are superseded: what still works for them is ended, here and in Spark."""
    log = log.bind(world=world)
    for pid in end_steps(settings.state_dir, world):
        log.info("ended a step of a world that is removed", pid=pid)
    spark = require(settings.spark, "spark", settings)
    # Its client would try for minutes to reach one that is down, which has no session.
    if attempts and _listens(spark.uri):
        release_sessions(spark, world, attempts, log)


def _listens(uri: str) -> bool:
    address = urlsplit(uri)
    try:
        socket.create_connection((address.hostname, address.port), timeout=2).close()
    except OSError:
        return False
    return True


def _release(identity: Path, task: dict[str, Any]) -> str:
    settings = read_config(identity)
    ledger = Ledger(require(settings.ledger, "ledger", settings))
    try:
        return ledger.batch(str(task["batch"]), int(task["attempt"])).release_id
    except Exception:
        return "-"  # the step itself finds out why, and says so
    finally:
        ledger.close()


def _elsewhere(source: Path, identity: Path, task: dict[str, Any], write: Any) -> int:
    """A batch that was claimed under other step code runs that code."""
    settings = read_config(identity)
    ledger = Ledger(require(settings.ledger, "ledger", settings))
    with contextlib.suppress(Superseded):  # the step itself finds out, and says so
        ledger.renew(str(task["batch"]), int(task["attempt"]), seconds=STARTING_SECONDS)
    ledger.close()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gridata.steps", str(task["step"]), "--world", str(task["world"])),
            *("--batch", str(task["batch"]), "--attempt", str(task["attempt"])),
        ],
        env={**os.environ, "PYTHONPATH": str(source), "GRIDATA_CONFIG": str(identity)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        write(line.rstrip("\n"))
    return process.wait()


def _digest(source: Path) -> dict[str, bytes]:
    return {str(path.relative_to(source)): path.read_bytes() for path in sorted(source.rglob("*.py"))}


if __name__ == "__main__":
    serve()
