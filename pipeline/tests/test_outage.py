"""Whose a failure is decides whether files wait for a person or for a service."""

import errno

import duckdb
import psycopg
import pytest
from botocore.exceptions import ClientError
from gridata.errors import KitError
from gridata.lake.outage import is_full, is_outage
from gridata.steps.run import failure_class
from gridata.steps.transform import TransformError
from pyspark.errors.exceptions.connect import AnalysisException, SparkConnectGrpcException


def _by_job(cause: Exception) -> TransformError:
    error = TransformError(KitError("TRANSFORM_RAISED", "job.py raised", str(cause)), [])
    error.__cause__ = cause
    return error


OUTAGES = [
    SparkConnectGrpcException("(org.apache.iceberg.exceptions.CommitStateUnknownException) Service failed: 500"),
    SparkConnectGrpcException("(org.apache.iceberg.exceptions.ServiceFailureException) Server error"),
    SparkConnectGrpcException(
        "(software.amazon.awssdk.core.exception.SdkClientException) Unable to execute HTTP request"
    ),
    SparkConnectGrpcException("[INVALID_HANDLE.SESSION_CLOSED] The handle is invalid."),
    ConnectionResetError("reset"),
    ClientError({"ResponseMetadata": {"HTTPStatusCode": 503}}, "PutObject"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: str(error)[:60])
def test_an_outage_is_nobodys_fault_even_where_a_job_met_it(error: Exception) -> None:
    assert is_outage(error)
    assert failure_class(error) == "infrastructure"
    assert failure_class(_by_job(error)) == "infrastructure"


FULL = [
    SparkConnectGrpcException("(java.io.IOException) No space left on device"),
    ClientError({"Error": {"Code": "XMinioStorageFull"}, "ResponseMetadata": {"HTTPStatusCode": 507}}, "PutObject"),  # type: ignore[arg-type]
    psycopg.errors.DiskFull("could not extend file"),
    OSError(errno.ENOSPC, "No space left on device"),
    duckdb.IOException("Could not write file: No space left on device"),
]


@pytest.mark.parametrize("error", FULL, ids=lambda error: str(error)[:60])
def test_a_full_disk_is_nobodys_fault_whoever_met_it(error: Exception) -> None:
    assert is_full(error)
    assert failure_class(error) == "infrastructure"
    assert failure_class(_by_job(error)) == "infrastructure"


def test_errors_that_are_each_others_cause_are_looked_at_once() -> None:
    """As Spark's client raises them when a connection is lost in the middle of an answer."""
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert failure_class(one) == "unknown"


def test_what_a_job_does_wrong_waits_for_a_person() -> None:
    wrong = AnalysisException("[UNRESOLVED_COLUMN] A column named `nope` cannot be resolved.")
    assert not is_outage(wrong)
    assert failure_class(_by_job(wrong)) == "code"
    assert failure_class(_by_job(ValueError("bad"))) == "code"
