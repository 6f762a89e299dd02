"""Whether a failure is the platform's: a service that is away, a commit whose answer was lost. It heals, and no file or job is to blame."""

import re
from http.client import HTTPException

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

"""In what Spark says of a failure: the exceptions of its clients of catalog, store and network, and of a session that is gone."""
_SIGNS = re.compile(
    r"org\.apache\.iceberg\.exceptions\.(Commit|Service|REST|RuntimeIO|NotAuthorized)"
    r"|CommitStateUnknown|software\.amazon\.awssdk|AmazonS3Exception|S3Exception"
    r"|java\.net\.|org\.apache\.(hc|http)\.|HttpHostConnect"
    r"|INVALID_HANDLE|SESSION_(CLOSED|CHANGED|NOT_FOUND)|SparkContext was shut down|StatusCode\.(UNAVAILABLE|CANCELLED)"
)


_FULL = re.compile(
    r"no space left on device|disk quota exceeded|XMinioStorageFull|minimum free drive threshold", re.IGNORECASE
)


def is_full(error: BaseException | None) -> bool:
    """Whether a disk is full: this one, or that of a service, which says so in words of its own."""
    while error is not None:
        if isinstance(error, psycopg.errors.DiskFull) or _FULL.search(str(error)):
            return True
        error = error.__cause__
    return False


def is_outage(error: BaseException | None) -> bool:
    """Looks at causes too: what wraps a failure does not change whose it is."""
    if is_full(error):
        return True
    while error is not None:
        if isinstance(error, psycopg.OperationalError | BotoCoreError | HTTPException | OSError):
            return True
        if isinstance(error, ClientError):
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            return status >= 500
        if _of_spark(error):
            return True
        error = error.__cause__
    return False


def _of_spark(error: BaseException) -> bool:
    module = type(error).__module__
    if type(error).__name__ == "RetriesExceeded" or module.startswith("grpc"):
        return True
    return module.startswith("pyspark.") and _SIGNS.search(str(error)) is not None
