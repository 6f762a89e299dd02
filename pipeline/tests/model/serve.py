"""A ledger and a catalog for several sessions of tests: says where they are, and ends with its standard input."""

import json
import sys
import tempfile
from pathlib import Path

import catalog
import postgres

with (
    tempfile.TemporaryDirectory(prefix="gridata-model-") as folder,
    postgres.running(Path(folder)) as port,
    catalog.running(port, Path(folder)) as address,
):
    print(json.dumps({"GRIDATA_TEST_SERVER": str(port), "GRIDATA_TEST_CATALOG": address}), flush=True)  # noqa: T201
    sys.stdin.read()
