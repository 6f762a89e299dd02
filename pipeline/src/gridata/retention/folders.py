"""Files of a stack that only tell of what is over: what tasks wrote, releases, verdicts beside the drop folder."""

import re
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from gridata.retention import figures


def old_releases(in_effect: Mapping[str, float], needed: set[str]) -> list[str]:
    """`in_effect`: seconds since each release took effect. `needed`: those that an open batch pins."""
    newest = sorted(in_effect, key=lambda release: in_effect[release])
    return [
        release
        for release in newest[figures.RELEASES_KEPT :]
        if release not in needed and in_effect[release] > figures.RELEASE_SECONDS
    ]


def remove_releases(releases: Path, doomed: Iterable[str]) -> int:
    there = [path for release in doomed if (path := releases / release).is_dir()]
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


def remove_runs_of_closed(tasks: Path, open_worlds: Iterable[str]) -> int:
    """What a task wrote after its world had gone: folders `run_id=<world>.<batch>.<attempt>` of worlds that are not open."""
    living = set(open_worlds)
    runs = [
        (path, re.fullmatch(r"run_id=([a-z][a-z0-9_]*)\.[a-z0-9]+\.[0-9]+", path.name))
        for path in tasks.glob("dag_id=*/*")
    ]
    doomed = [path for path, run in runs if run and run[1] not in living]
    for path in doomed:
        shutil.rmtree(path, ignore_errors=True)
    return len(doomed)
