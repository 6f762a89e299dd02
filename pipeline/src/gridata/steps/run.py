"""Runs one step of one attempt, and says in the ledger what came of a failure."""

import contextlib
import shutil
from http.client import HTTPException
from typing import Any

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from gridata import names
from gridata.config import Config, require
from gridata.errors import KitError
from gridata.lake.catalog import Catalog, CatalogRefusal
from gridata.lake.outage import is_full, is_outage
from gridata.lake.store import Store
from gridata.ledger import Forgotten, Ledger, Superseded
from gridata.log import Log
from gridata.steps import check, check_derived, derive, process, publish, validate
from gridata.steps.alive import working_folder
from gridata.steps.context import EXIT_SUPERSEDED, Step, contract_of, renewed
from gridata.steps.transform import TransformError

STEPS = {"validate": validate.run, "process": process.run, "check": check.run, "publish": publish.run}
# A derived batch has no deliveries: it is computed from tables.
DERIVED = {"process": derive.run, "check": check_derived.run, "publish": publish.run}
"""Steps that another one follows in the same run. What follows validation waits for the slot, by the ledger."""
HANDED_OVER = ("process", "check")
IDENTITY = {"validate": "pipeline", "process": "pipeline", "check": "pipeline", "publish": "publisher"}


def failure_class(error: BaseException) -> str:
    """infrastructure heals by itself; code and contract need a person; the rest is tried a few times."""
    if isinstance(error, CatalogRefusal):
        return "infrastructure" if error.status >= 500 or error.status == 409 else "unknown"
    if isinstance(error, publish.MainMoved | check.NotTheBatch):
        return "infrastructure"
    if is_outage(error):
        return "infrastructure"
    if isinstance(error, KitError):
        if error.code.startswith("TRANSFORM"):
            return "code"
        if error.code == "QUALITY_CHECK_FAILED":
            return "contract"
        return "contract" if error.code.startswith(("CONTRACT", "SCHEMA")) else "unknown"
    return "unknown"


def run_step(settings: Config, log: Log, name: str, world: str, batch_id: str, attempt: int) -> int:
    """0 done · 1 failed, told to the ledger · 4 superseded, nothing was changed."""
    log = log.bind(step=name, world=world, batch=batch_id, attempt=attempt)
    ledger = Ledger(require(settings.ledger, "ledger", settings))
    work, mark = working_folder(name, settings.state_dir, world)
    step: Step | None = None
    try:
        batch = ledger.batch(batch_id, attempt)
        with renewed(ledger, batch_id, attempt, log, lambda: _remove_work(step)):
            step = Step(
                name,
                settings,
                log,
                ledger,
                Store(require(settings.s3, "s3", settings)),
                Catalog(require(settings.catalog, "catalog", settings), world),
                batch,
                contract_of(settings, batch.release_id, batch.table),
                work,
            )
            (DERIVED if batch.kind == "derived" else STEPS)[name](step)
        if name in HANDED_OVER:
            # Superseded here: the step closed the batch.
            with contextlib.suppress(Superseded):
                ledger.hand_over(batch_id, attempt)
        return 0
    except Superseded as reason:
        log.warn("superseded", why=str(reason))
        if isinstance(reason, Forgotten):
            _remove_work(step)
        return EXIT_SUPERSEDED
    except Exception as error:
        outcome = _failed(ledger, log, batch_id, attempt, name, error)
        if outcome == "parked" and step is not None:
            _remove_branch(step)
        if outcome == "forgotten":
            _remove_work(step)
        return EXIT_SUPERSEDED if outcome in ("superseded", "forgotten") else 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
        mark.close()
        ledger.close()


def _remove_branch(step: Step) -> None:
    """A parked batch is closed: no later attempt of it would remove what this one wrote."""
    try:
        table = step.catalog.load(step.batch.table)
        if table is not None:
            step.catalog.remove_branch(table, step.branch)
    except (CatalogRefusal, HTTPException, OSError) as error:
        step.log.warn("the branch was not removed", branch=step.branch, why=str(error))


def _remove_work(step: Step | None) -> None:
    """Of a batch that the ledger has forgotten: its files come again in another one, and nobody would look for this."""
    if step is None:
        return
    _remove_branch(step)
    try:
        for key in step.store.keys("staging", names.parquet_prefix(step.world, step.batch.table, *step.id)):
            step.store.remove("staging", key)
    except (BotoCoreError, ClientError) as error:
        step.log.warn("typed files were not removed", why=str(error))


def _failed(ledger: Ledger, log: Log, batch: str, attempt: int, step: str, error: Exception) -> str:
    kind = failure_class(error)
    code = "DISK_FULL" if is_full(error) else error.code if isinstance(error, KitError) else type(error).__name__
    reason = f"{step}: {str(error)[:2000]}"
    log.error("step failed", failure=kind, code=code, why=reason)
    if kind == "unknown":
        import traceback

        log.error("trace", trace=traceback.format_exc()[-4000:])
    try:
        told: dict[str, Any] = {"code": code, "reason": reason, "class": kind, "message": reason}
        if isinstance(error, TransformError) and error.rows:
            told["rows"] = error.rows
        # The connection that the step had may be what failed.
        with contextlib.closing(ledger.another()) as fresh:
            outcome = fresh.fail_attempt(batch, attempt, kind, told)
        log.info("told the ledger", outcome=outcome)
        return outcome
    except Superseded as over:
        return "forgotten" if isinstance(over, Forgotten) else "superseded"
    except psycopg.Error as unreachable:
        # The lease runs out by itself; the next attempt follows.
        log.error("the ledger could not be told", why=str(unreachable))
        return "unknown"
