"""The sweep of one world, as if all that is kept for a time were kept for none: what it does on a real table."""

import json
import sys
from pathlib import Path

checkout, config, world = sys.argv[1:4]
sys.path.insert(0, str(Path(checkout) / "pipeline" / "src"))

from gridata import sweep  # noqa: E402
from gridata.config import read_config, require  # noqa: E402
from gridata.lake.catalog import Catalog  # noqa: E402
from gridata.lake.store import Store  # noqa: E402
from gridata.ledger import Ledger  # noqa: E402
from gridata.log import Log  # noqa: E402
from gridata.retention import figures  # noqa: E402

for name in ("TYPED_SECONDS", "TOMBSTONE_SECONDS", "SNAPSHOT_SECONDS"):
    setattr(figures, name, -1)
figures.SNAPSHOTS_KEPT = 1
figures.EXPIRED_TOGETHER = 1

settings = read_config(Path(config))
ledger = Ledger(require(settings.ledger, "ledger", settings))
lines: list[str] = []
try:
    sweep.sweep_world(
        ledger,
        Store(require(settings.s3, "s3", settings)),
        Catalog(require(settings.catalog, "catalog", settings), world),
        Log("sweep", write=lines.append),
    )
finally:
    ledger.close()
print(json.dumps([json.loads(line) for line in lines]))
