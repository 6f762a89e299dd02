"""Snapshots expire. First their receipts say whether they were published (R8), then a list of the files that go with them is kept,
then one commit removes them from the table, then the files go. Whatever dies in between, the next sweep goes on from the list.
"""

import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from gridata import names
from gridata.lake.catalog import Catalog, CatalogRefusal, Snapshot, Table
from gridata.lake.files import Manifests, manifests_of, paths_of
from gridata.lake.store import Store
from gridata.ledger import Ledger
from gridata.log import Log
from gridata.retention import figures
from gridata.retention.lake import superseded


def expire(table: Table, catalog: Catalog, ledger: Ledger, store: Store, log: Log) -> int:
    """How many snapshots expired."""
    world = catalog.world
    _finish(table, world, store)
    doomed = superseded(table, ledger.pinned_snapshots(world, table.name), time.time() * 1000)
    if len(doomed) < figures.EXPIRED_TOGETHER:
        return 0
    gone = {one.id for one in doomed}
    _settle(table, gone, world, ledger, store)
    files = _only_theirs(store, doomed, [one for one in table.snapshots.values() if one.id not in gone])
    note = names.expiry_key(world, table.name, doomed[-1].id)
    store.put_json("curated", note, {"snapshots": sorted(map(str, gone)), "files": sorted(files)})
    try:
        catalog.expire(table, gone)
    except CatalogRefusal as refusal:
        if refusal.status != 409:
            raise
        # Main has moved: the next sweep decides anew.
        _remove(store, note, [])
        return 0
    _remove(store, note, files)
    log.info("snapshots expired", table=table.name, snapshots=len(gone), files=len(files))
    return len(gone)


def _finish(table: Table, world: str, store: Store) -> None:
    """What an earlier sweep began: its files go if its commit came through, else its list does."""
    for note in store.keys("curated", names.expiry_prefix(world, table.name)):
        told: dict[str, Any] = store.get_json("curated", note) or {"snapshots": [], "files": []}
        there = any(int(one) in table.snapshots for one in told["snapshots"])
        _remove(store, note, [] if there else told["files"])


def _remove(store: Store, note: str, files: Iterable[str]) -> None:
    for uri in files:
        place = urlsplit(uri)
        store.remove(place.netloc, place.path.lstrip("/"))
    store.remove("curated", note)


def _settle(table: Table, gone: set[int], world: str, ledger: Ledger, store: Store) -> None:
    """R8: a receipt whose snapshot can't be looked for any more says itself whether it counts."""
    main = {one.id for one in table.ancestry()}
    told = dict(ledger.receipts_of(world, table.name, gone))
    for one in gone:
        summary = table.snapshots[one].summary
        batch, attempt = summary.get("gridata.batch"), summary.get("gridata.attempt")
        if batch is not None and attempt is not None:
            told[names.receipt_key(world, batch, int(attempt))] = one
    for key, snapshot in told.items():
        receipt = store.get_json("curated", key)
        settled = "published" if snapshot in main else "rolled_back"
        if receipt is not None and receipt.get("settled") != settled:
            store.put_json("curated", key, {**receipt, "settled": settled})


def _only_theirs(store: Store, doomed: Iterable[Snapshot], kept: Iterable[Snapshot]) -> set[str]:
    """Manifest lists, manifests and data files that no kept snapshot needs."""
    staying, going = Manifests(), Manifests()
    for one in kept:
        staying |= manifests_of(store, one)
    for one in doomed:
        going |= manifests_of(store, one)
    dropped = going.paths - staying.paths
    files = {path for manifest in dropped for path in paths_of(store, manifest)}
    if files:
        for manifest in staying.paths:
            files -= paths_of(store, manifest)
    return (files | going.lists | dropped) - staying.lists
