"""Whether a failure is the platform's: a service that is away, a commit whose answer was lost. It heals, and no file or job is to blame."""

import re
from collections.abc import Iterator
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


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Spark's client raises some errors from each other, in a ring."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def is_full(error: BaseException | None) -> bool:
    """Whether a disk is full: this one, or that of a service, which says so in words of its own."""
    return any(isinstance(one, psycopg.errors.DiskFull) or _FULL.search(str(one)) for one in _with_causes(error))


def is_outage(error: BaseException | None) -> bool:
    """Looks at causes too: what wraps a failure does not change whose it is."""
    if is_full(error):
        return True
    for one in _with_causes(error):
        if isinstance(one, psycopg.OperationalError | BotoCoreError | HTTPException | OSError):
            return True
        if isinstance(one, ClientError):
            status = int(one.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            return status >= 500
        if _of_spark(one):
            return True
    return False


def _of_spark(error: BaseException) -> bool:
    module = type(error).__module__
    if type(error).__name__ == "RetriesExceeded" or module.startswith("grpc"):
        return True
    return module.startswith("pyspark.") and _SIGNS.search(str(error)) is not None
