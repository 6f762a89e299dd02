"""What works on a world is ended, and nothing else: not another world's step, nor whoever has the pid of a dead one."""

import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from gridata.steps.alive import end_steps, remove_dead_work

STEP = """
import sys
from pathlib import Path
from gridata.steps.alive import working_folder
folder, mark = working_folder("process", Path(sys.argv[1]), sys.argv[2])
print(folder, flush=True)
sys.stdin.read()
"""


class Running:
    def __init__(self, state: Path, world: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STEP, str(state), world], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.folder = Path(self.process.stdout.readline().strip())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[dict[str, Running]]:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    steps = {
        "one": Running(tmp_path / "stack", "one"),
        "other world": Running(tmp_path / "stack", "two"),
        "other stack": Running(tmp_path / "beside", "one"),
    }
    yield steps
    for step in steps.values():
        step.kill()
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_a_step_of_the_world_is_ended_with_its_folder(steps: dict[str, Running], tmp_path: Path) -> None:
    one = steps["one"]
    assert end_steps(tmp_path / "stack", "one") == [one.process.pid]
    assert one.process.wait(10) == -9
    assert not one.folder.exists()
    assert [steps[name].process.poll() for name in ("other world", "other stack")] == [None, None]
    assert end_steps(tmp_path / "stack", "one") == []


def test_the_pid_of_a_dead_step_may_be_anothers(steps: dict[str, Running], tmp_path: Path) -> None:
    dead, alive = steps["one"], steps["other world"]
    dead.kill()
    reused = dead.folder.with_name(f"gridata-process-{alive.process.pid}-x")
    dead.folder.rename(reused)
    assert end_steps(tmp_path / "stack", "one") == []
    assert alive.process.poll() is None


def test_folders_of_dead_steps_go(steps: dict[str, Running]) -> None:
    steps["one"].kill()
    remove_dead_work()
    assert [step.folder.exists() for step in steps.values()] == [False, True, True]
