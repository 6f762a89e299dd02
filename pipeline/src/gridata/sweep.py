"""Takes away what nobody needs any more, in one place, and says what waits. How long what is kept: docs/retention.md."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from gridata.config import Config, require
from gridata.lake.catalog import Catalog, Table
from gridata.lake.store import Store
from gridata.ledger import Ledger
from gridata.log import Log
from gridata.retention import airflow, figures
from gridata.retention.folders import old_releases, remove_folders, remove_old, runs_of_worlds
from gridata.retention.lake import stale_branches, stale_files, unnamed_tombstones
from gridata.retention.snapshots import expire


def sweep(settings: Config, log: Log) -> int:
    """Every open world, then the stack. 0: done; what could not be swept is told, and the next sweep has it."""
    ledger = Ledger(require(settings.ledger, "ledger", settings))
    store = Store(require(settings.s3, "s3", settings))
    failed = 0
    try:
        for world in ledger.open_worlds():
            catalog = Catalog(require(settings.catalog, "catalog", settings), world)
            failed += _told(log.bind(world=world), partial(sweep_world, ledger, store, catalog))
        failed += _told(log, partial(_sweep_stack, settings, ledger))
    finally:
        ledger.close()
    return 1 if failed else 0


def _told(log: Log, work: Callable[[Log], None]) -> int:
    """How many failed: none or one. One that fails is no reason to leave the others."""
    try:
        work(log)
    except Exception as error:
        log.error("not swept", why=f"{type(error).__name__}: {error}")
        return 1
    return 0


def sweep_world(ledger: Ledger, store: Store, catalog: Catalog, log: Log) -> None:
    world = catalog.world
    # Before tables and objects: what a batch left is there when it is closed, so it is seen below.
    closed = ledger.closed_batches(world)
    branches = _branches(log, ledger, catalog)
    typed = _typed_files(world, store, closed)
    tables = [table for name in ledger.tables(world) if (table := catalog.load(name)) is not None]
    tombstones = _tombstones(world, store, closed, tables)
    snapshots = sum(expire(table, catalog, ledger, store, log) for table in tables)
    waiting = ledger.waiting(world)
    if branches or typed or tombstones or snapshots or waiting:
        log.info("swept", branches=branches, typed_files=typed, tombstones=tombstones, snapshots=snapshots, **waiting)


def _branches(log: Log, ledger: Ledger, catalog: Catalog) -> int:
    removed = 0
    for name in ledger.tables(catalog.world):
        table = catalog.load(name)
        if table is None:
            continue
        # Asked after the branches were read: a batch that opens meanwhile has none among them.
        for branch in stale_branches(table.refs, ledger.open_batches(catalog.world)):
            catalog.remove_branch(table, branch)
            removed += 1
            log.info("branch of a closed batch removed", table=name, branch=branch)
    return removed


def _typed_files(world: str, store: Store, closed: dict[str, float]) -> int:
    """With their versions: a plain removal hides an object of a versioned bucket and frees nothing."""
    versions = store.versions("staging", f"{world}/parquet/")
    doomed = set(stale_files((key for key, _ in versions), closed, figures.TYPED_SECONDS))
    for key, version in versions:
        if key in doomed:
            store.remove_version("staging", key, version)
    return len(doomed)


def _tombstones(world: str, store: Store, closed: dict[str, float], tables: Iterable[Table]) -> int:
    old = stale_files(store.keys("curated", f"{world}/_tombstones/"), closed, figures.TOMBSTONE_SECONDS)
    doomed = unnamed_tombstones(old, tables)
    for key in doomed:
        store.remove("curated", key)
    return len(doomed)


def _sweep_stack(settings: Config, ledger: Ledger, log: Log) -> None:
    state = settings.state_dir
    gone = airflow.clean(require(settings.airflow_database, "airflow_database", settings), figures.RUN_SECONDS)
    tasks = state / "data/airflow-api/tasks"
    runs = runs_of_worlds(tasks)
    # Asked after the folders were seen: a world that opens meanwhile has none among them.
    living = set(ledger.open_worlds())
    gone["closed_worlds"] = remove_folders(path for path, world in runs.items() if world not in living)
    gone["task_logs"] = remove_old(tasks, "dag_id=*/run_id=*", figures.RUN_SECONDS)
    gone["parse_logs"] = remove_old(state / "data/airflow-api/logs", "dag_processor/*", figures.RUN_SECONDS)
    gone["releases"] = remove_folders(state / "releases" / release for release in old_releases(*ledger.releases()))
    drop = require(settings.drop, "drop", settings)
    for folder in (Path(drop.default_dir), *Path(drop.worlds_dir).glob("*")):
        gone["verdicts"] = gone.get("verdicts", 0) + remove_old(
            folder / ".verdicts", "*/*/*.json", figures.VERDICT_SECONDS
        )
    if any(gone.values()):
        log.info("swept the stack", **gone)
