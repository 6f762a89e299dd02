"""Property tests of the pipeline: the same examples in every run, and no clock that decides."""

import os

from hypothesis import HealthCheck, Phase, settings
from postgres import database, server

__all__ = ["database", "server"]

# Whoever only wants to see a test fail has no use for the shortest example.
shortest = [] if "GRIDATA_TEST_ANY_FAILURE" in os.environ else [Phase.shrink, Phase.explain]
settings.register_profile(
    "gridata",
    deadline=None,
    derandomize=True,
    max_examples=12,
    phases=[Phase.explicit, Phase.generate, *shortest],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gridata")
