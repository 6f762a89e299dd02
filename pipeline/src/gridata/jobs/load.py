"""Loads a job's module, and says of what it raised where in the job that was."""

import importlib.util
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from gridata.errors import KitError

FILE = "job.py"


@dataclass(frozen=True)
class Job:
    folder: Path
    module: ModuleType

    @property
    def file(self) -> str:
        """As a person knows it: below the checkout."""
        return f"spark-jobs/{self.folder.name}/{FILE}"

    def call(self, function: str, *arguments: Any) -> Any:
        """Calls a function of the job. What it raises becomes an error that names the job's own lines."""
        try:
            return getattr(self.module, function)(*arguments)
        except KitError:
            raise
        except Exception as error:
            raise raised(self, error) from error


def load_job(folder: Path) -> Job | None:
    """The job in a folder; None when there is none, which means that rows stay as they are."""
    path = folder / FILE
    if not path.exists():
        return None
    # What lies beside the job can be imported by it. This process is the step's alone.
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(f"gridata_job_{folder.name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    job = Job(folder, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise raised(job, error) from error
    if not callable(getattr(module, "transform", None)):
        raise KitError(
            "TRANSFORM_MISSING",
            f"{job.file} has no function 'transform'",
            "a job is a file with transform(df, ctx) -> df",
            "add it, or remove the file: without one rows stay as they are",
        )
    return job


def raised(job: Job, error: Exception) -> KitError:
    frames = own_frames(job.folder, error)
    where = "; ".join(frames) or job.file
    return KitError(
        "TRANSFORM_RAISED",
        f"{job.file} raised {type(error).__name__}",
        f"{_message(error)} (at {where})",
        "mend the job and save it: what waits is driven again by itself",
    )


def own_frames(folder: Path, error: BaseException, last: int = 3) -> list[str]:
    """`job.py:12 in transform: df.select("nope")`, of the frames that lie in the job's folder."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent == folder:
        return [f"{Path(error.filename).name}:{error.lineno}: {(error.text or '').strip()}"]
    frames = [
        f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == folder
    ][-last:]
    return frames or _call_sites(folder, error)


def _call_sites(folder: Path, error: BaseException) -> list[str]:
    """Spark looks at a plan long after the job returned: the error itself knows which call made the part that is at fault."""
    from pyspark.errors import PySparkException, QueryContextType

    if not isinstance(error, PySparkException):
        return []
    sites = [one.callSite() for one in error.getQueryContext() if one.contextType() == QueryContextType.DataFrame]
    found: list[str] = []
    for file, _, line in (site.rpartition(":") for site in sites):
        if Path(file).parent == folder and line.isdigit():
            lines = Path(file).read_text(encoding="utf-8").splitlines()
            found.append(f"{Path(file).name}:{line}: {lines[int(line) - 1].strip()}")
    return found


def _message(error: Exception) -> str:
    """Without the plan and the JVM's stack, which tell a job's writer nothing."""
    text = str(error).split("\n\nJVM stacktrace:")[0]
    return text.split(";\n'")[0].strip()[:1500]
