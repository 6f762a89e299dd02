"""Copies jars into a folder: `fetch.py LIST FOLDER`, where LIST has lines `group:artifact:version:classifier` (it may be empty).

jgo knows the registries and their layout; each jar is taken by itself, so that nothing is resolved anew. The caller compares hashes.
"""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jgo.maven import MavenContext

AT_ONCE = 8
ATTEMPTS = 3


def fetch(context: MavenContext, coordinates: str, folder: Path) -> str:
    group, artifact, version, classifier = coordinates.split(":")
    component = context.project(group, artifact).at_version(version)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            shutil.copy(component.artifact(classifier=classifier, packaging="jar").resolve(), folder)
            return f"{artifact} {version}"
        except Exception:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("not reached")


def main() -> None:
    wanted = Path(sys.argv[1]).read_text(encoding="utf-8").split()
    folder = Path(sys.argv[2])
    context = MavenContext(timeout=60)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name in pool.map(lambda coordinates: fetch(context, coordinates, folder), wanted):
            sys.stdout.write(name + "\n")
            sys.stdout.flush()


main()
