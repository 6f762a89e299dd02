"""How long what is kept. docs/retention.md has the same figures; a test holds them together."""

import os

"""Whoever wants to see a week pass in minutes makes the days of a stack shorter."""
DAY = int(os.environ.get("GRIDATA_DAY_SECONDS", "86400"))
HOUR = DAY // 24

"""Typed files in staging, and tombstones that no snapshot names, after their batch was closed: for whoever looks at an attempt."""
TYPED_SECONDS = HOUR
TOMBSTONE_SECONDS = HOUR
"""Of main's history the newest so many snapshots are kept, and all that are younger than so long."""
SNAPSHOTS_KEPT = 100
SNAPSHOT_SECONDS = 7 * DAY
"""What they share with others is looked up each time: they expire in so many, not one by one."""
EXPIRED_TOGETHER = 20
"""Airflow's runs, its audit log, and what their tasks wrote."""
RUN_SECONDS = 7 * DAY
"""Releases: the newest so many, those in effect later than so long ago, and each that an open batch pins."""
RELEASES_KEPT = 20
RELEASE_SECONDS = 7 * DAY
"""Verdict files beside the drop folder: the evidence itself stays in raw/."""
VERDICT_SECONDS = 30 * DAY
