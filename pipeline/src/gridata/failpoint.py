"""Points at which a test makes this very process die or stop. docs/architecture.md, Failpoints."""

import os
import signal
from pathlib import Path
from typing import Literal

_SIGNALS = {"kill": signal.SIGKILL, "pause": signal.SIGSTOP}


def reach(point: str, when: Literal["before", "after"], world: str) -> None:
    """Says that `point` (`<component>.<point>`) is reached in `world`. When nothing is armed: two look-ups, no I/O."""
    armed = os.environ.get("GRIDATA_FAILPOINT")
    folder = os.environ.get("GRIDATA_FAILPOINTS_DIR")
    if armed is None and folder is None:
        return
    for action, number in _SIGNALS.items():
        name = f"{point}:{when}:{action}"
        if armed == name:
            # Once: a paused process that goes on does not stop here again.
            del os.environ["GRIDATA_FAILPOINT"]
            os.kill(os.getpid(), number)
        elif folder is not None and (_take(Path(folder, f"{name}@{world}")) or _take(Path(folder, name))):
            os.kill(os.getpid(), number)


def _take(file: Path) -> bool:
    """Renaming is the claim: of two processes that reach the point one alone is hit."""
    hit = file.with_name(f"{file.name}.hit")
    try:
        file.rename(hit)
    except FileNotFoundError:
        return False
    hit.write_text(f"{os.getpid()}\n", encoding="ascii")
    return True
