"""Whether what a job returned has the columns that its contract promises. Pure: columns as (name, type) in Spark's spelling."""

from collections.abc import Mapping

LINEAGE = ("_file_id", "_delivery_id", "_row")


def differences(returned: Mapping[str, str], promised: Mapping[str, str]) -> list[str]:
    """One line a column that is missing, is too much, or is of another type."""
    lost = [name for name in promised if name not in returned]
    found = [
        f"{name} is missing" + (" (it tells which record a row came from: keep it)" if name in LINEAGE else "")
        for name in lost
    ]
    for name, kind in returned.items():
        if name not in promised:
            found.append(f"{name} ({kind}) is not in the contract")
        elif kind != promised[name]:
            found.append(f"{name} is {kind}, the contract says {promised[name]}")
    return found
