"""Property tests of the pipeline: the same examples in every run, and no clock that decides."""

from hypothesis import HealthCheck, settings
from postgres import database, server

__all__ = ["database", "server"]

settings.register_profile(
    "gridata", deadline=None, derandomize=True, max_examples=12, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("gridata")
