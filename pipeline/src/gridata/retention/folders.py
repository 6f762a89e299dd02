"""Files of a stack that only tell of what is over: what tasks wrote, releases, verdicts beside the drop folder."""

import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from gridata import names
from gridata.retention import figures


def old_releases(in_effect: Mapping[str, float], needed: set[str]) -> list[str]:
    """`in_effect`: seconds since each release took effect. `needed`: those that an open batch pins."""
    newest = sorted(in_effect, key=lambda release: in_effect[release])
    return [
        release
        for release in newest[figures.RELEASES_KEPT :]
        if release not in needed and in_effect[release] > figures.RELEASE_SECONDS
    ]


def remove_folders(doomed: Iterable[Path]) -> int:
    """How many were there."""
    there = [path for path in doomed if path.is_dir()]
    for path in there:
        shutil.rmtree(path, ignore_errors=True)
    return len(there)


def remove_old(root: Path, pattern: str, seconds: float) -> int:
    """Entries below `root` in which nothing was written for so long."""
    before = time.time() - seconds
    doomed = [path for path in root.glob(pattern) if _touched(path) < before]
    for path in doomed:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(doomed)


def _touched(path: Path) -> float:
    try:
        return max(one.lstat().st_mtime for one in (path, *(path.rglob("*") if path.is_dir() else ())))
    except OSError:  # somebody else removed it
        return time.time()


def runs_of_worlds(tasks: Path) -> dict[Path, str]:
    """Folders of what tasks wrote in a batch's run, `dag_id=<dag>/run_id=<run id>`, with the world of each."""
    runs = {path: names.parse_run_id(path.name.removeprefix("run_id=")) for path in tasks.glob("dag_id=*/run_id=*")}
    return {path: run.world for path, run in runs.items() if run}
