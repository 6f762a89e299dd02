"""The step host takes up saved code by itself, as the same process; a broken save leaves it as it is."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import gridata
import pytest


class Host:
    def __init__(self, folder: Path) -> None:
        self.source = folder / "src/gridata"
        shutil.copytree(Path(gridata.__file__).parent, self.source)
        self._socket = folder / "steps.sock"
        config = folder / "config.json"
        about = {"stack": "s", "identity": "pipeline", "state_dir": str(folder), "checkout": str(folder)}
        config.write_text(json.dumps({**about, "steps": {"socket": str(self._socket)}}))
        self._log = (folder / "log").open("w+b")
        path = os.pathsep.join([str(folder / "src"), *filter(None, sys.path)])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gridata.host"],
            env={**os.environ, "PYTHONPATH": path, "GRIDATA_CONFIG": str(config)},
            stdout=self._log,
            stderr=self._log,
        )
        self.until(lambda: self.said("serving") == 1)

    def said(self, words: str) -> int:
        self._log.seek(0)
        return self._log.read().decode().count(f'"{words}')

    def until(self, look: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not look():
            assert self.process.poll() is None, "the host ended"
            assert time.monotonic() < deadline, "it did not come true"
            time.sleep(0.05)

    def ask(self) -> dict[str, Any]:
        """A step that there is none of: answered by a child, whatever code it has."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._socket))
            stream = connection.makefile("rw", encoding="utf-8")
            stream.write(json.dumps({"step": "none"}) + "\n")
            stream.flush()
            return [json.loads(line) for line in stream][-1]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self._log.close()


@pytest.fixture
def host(tmp_path: Path) -> Generator[Host]:
    host = Host(tmp_path)
    yield host
    host.close()


def test_saved_code_is_taken_up_and_a_broken_save_is_not(host: Host) -> None:
    assert host.ask() == {"exit": 1}
    names = host.source / "names.py"
    good = names.read_text()
    names.write_text(f"{good}\n# saved\n")
    assert host.ask() == {"exit": 1}
    host.until(lambda: host.said("serving") == 2)

    names.write_text("def broken(:\n")
    assert host.ask() == {"exit": 1}
    host.until(lambda: host.said("the saved step code can't be imported") == 1)
    assert host.ask() == {"exit": 1}
    assert (host.said("serving"), host.process.poll()) == (2, None)
