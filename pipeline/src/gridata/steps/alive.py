"""Which steps run on this machine. Each holds a lock on a file of its working folder: a step that was killed holds none."""

import fcntl
import json
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_OWNER = re.compile(r"gridata-[a-z]+-([0-9]+)-.*")
_MARK = "step.json"
_DEADLINE_SECONDS = 10


def working_folder(step: str, state_dir: Path, world: str) -> tuple[Path, IO[str]]:
    """A new one, and the lock that says that its step runs: held until it is closed, or until the process is gone."""
    folder = Path(tempfile.mkdtemp(prefix=f"gridata-{step}-{os.getpid()}-"))
    mark = (folder / _MARK).open("w", encoding="utf-8")
    fcntl.flock(mark, fcntl.LOCK_EX)
    json.dump({"state_dir": str(state_dir), "world": world}, mark)
    mark.flush()
    return folder, mark


def end_steps(state_dir: Path, world: str) -> list[int]:
    """Kills what works on a world of this stack, and waits until it is gone; whose pids those were."""
    ended = []
    for folder, pid in _folders():
        if _works_on(folder, state_dir, world):
            os.kill(pid, signal.SIGKILL)
            ended.append(pid)
            _wait_for_end(folder)
            shutil.rmtree(folder, ignore_errors=True)
    return ended


def remove_dead_work() -> None:
    """Working folders that killed steps left behind: their names say whose they were."""
    for folder, pid in _folders():
        if not Path("/proc", str(pid)).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _folders() -> Iterator[tuple[Path, int]]:
    for folder in Path(tempfile.gettempdir()).glob("gridata-*-*-*"):
        owner = _OWNER.fullmatch(folder.name)
        if owner:
            yield folder, int(owner[1])


def _works_on(folder: Path, state_dir: Path, world: str) -> bool:
    try:
        mark = json.loads((folder / _MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it ended meanwhile, or is no step's
        return False
    return bool(mark == {"state_dir": str(state_dir), "world": world} and _is_locked(folder))


def _is_locked(folder: Path) -> bool:
    try:
        with (folder / _MARK).open(encoding="utf-8") as mark:
            fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _wait_for_end(folder: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while _is_locked(folder):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the step of {folder.name} does not end")
        time.sleep(0.01)
