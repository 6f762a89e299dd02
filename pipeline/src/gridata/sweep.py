"""What no attempt will take away any more: audit branches and typed files of closed batches. What waits for a person is said."""

import re
from collections.abc import Iterable, Mapping

from gridata.config import Config, require
from gridata.lake.catalog import Catalog
from gridata.lake.store import Store
from gridata.ledger import Ledger
from gridata.log import Log

"""Typed files of a closed batch are kept for so long, for whoever wants to look at what an attempt wrote."""
KEEP_SECONDS = 3600


def stale_branches(refs: Iterable[str], open_batches: set[str]) -> list[str]:
    """Audit branches of batches that are closed, or that nobody knows. A closed batch never opens again."""
    found: list[str] = []
    for ref in refs:
        audit = re.fullmatch(r"audit_(.+)_[0-9]+", ref)
        if audit and audit[1] not in open_batches:
            found.append(ref)
    return sorted(found)


def stale_files(keys: Iterable[str], closed: Mapping[str, float]) -> list[str]:
    """Keys `<w>/parquet/<table>/<batch>/<attempt>/..` of batches that closed long ago. `closed`: seconds since, by batch."""
    return [key for key in keys if (since := closed.get(key.split("/")[3])) is not None and since > KEEP_SECONDS]


def sweep(settings: Config, log: Log) -> int:
    """Every open world. 0: done; a world that could not be swept is told, and the next sweep has it."""
    ledger = Ledger(require(settings.ledger, "ledger", settings))
    store = Store(require(settings.s3, "s3", settings))
    failed = 0
    try:
        for world in ledger.open_worlds():
            try:
                _sweep_world(world, ledger, store, Catalog(require(settings.catalog, "catalog", settings), world), log)
            except Exception as error:
                failed += 1
                log.error("the world was not swept", world=world, why=f"{type(error).__name__}: {error}")
    finally:
        ledger.close()
    return 1 if failed else 0


def _sweep_world(world: str, ledger: Ledger, store: Store, catalog: Catalog, log: Log) -> None:
    branches = 0
    for name in ledger.tables(world):
        table = catalog.load(name)
        if table is None:
            continue
        # Asked after the branches were read: a batch that opens meanwhile has none among them.
        for branch in stale_branches(table.refs, ledger.open_batches(world)):
            catalog.remove_branch(table, branch)
            branches += 1
            log.info("branch of a closed batch removed", world=world, table=name, branch=branch)
    keys = store.keys("staging", f"{world}/parquet/")
    doomed = stale_files(keys, ledger.closed_batches(world))
    for key in doomed:
        store.remove("staging", key)
    waiting = ledger.waiting(world)
    if branches or doomed or waiting:
        log.info("swept", world=world, branches=branches, typed_files=len(doomed), **waiting)
