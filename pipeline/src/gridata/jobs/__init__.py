"""What `spark-jobs/<domain>_<dataset>/job.py` is given, how it is loaded, and how its rows are accounted for."""

from gridata.jobs.context import Context

__all__ = ["Context"]
