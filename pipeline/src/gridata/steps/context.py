"""What a step works with: its batch, its clients, the lease that it renews, its hops."""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gridata import config, names
from gridata.errors import KitError
from gridata.lake.catalog import Catalog
from gridata.lake.store import Store
from gridata.ledger import Batch, Forgotten, Ledger, Member, Superseded
from gridata.ledger.client import LEASE_SECONDS
from gridata.log import Log

EXIT_SUPERSEDED = 4
"""Well below the lease: one lost renewal must not end it."""
RENEW_SECONDS = LEASE_SECONDS / 4


@dataclass(frozen=True)
class Step:
    name: str
    settings: config.Config
    log: Log
    ledger: Ledger
    store: Store
    catalog: Catalog
    batch: Batch
    contract: dict[str, Any]
    work: Path

    @property
    def world(self) -> str:
        return self.batch.world

    @property
    def id(self) -> tuple[str, int]:
        return self.batch.batch_id, self.batch.attempt

    @property
    def branch(self) -> str:
        return names.audit_branch(*self.id)

    @property
    def receipt_key(self) -> str:
        return names.receipt_key(self.world, *self.id)

    @property
    def checked_by_spark(self) -> bool:
        """SQL of the contract is the user's own: it runs where it runs in production."""
        return any(rule["kind"] == "sql" for rule in self.contract["quality"])

    def members(self) -> list[Member]:
        return self.ledger.members(self.batch.batch_id)

    def publication_key(self, member: Member) -> str:
        """What may be published once: the content, or the delivery where the same content is applied again."""
        again = member.again or self.contract["redelivery"] == "apply"
        return member.delivery_id if again else str(member.file_id)

    def hop(
        self,
        name: str,
        started: datetime,
        *,
        delivery: str | None = None,
        ref: str | None = None,
        why: str | None = None,
    ) -> None:
        self.ledger.record_hop(self.world, *self.id, name, started, now(), delivery=delivery, ref=ref, why=why)


def now() -> datetime:
    return datetime.now(UTC)


def release_folder(settings: config.Config, release: str) -> Path:
    return settings.state_dir / "releases" / release


def contract_of(settings: config.Config, release: str, table: str) -> dict[str, Any]:
    """The contract that the batch was pinned to."""
    path = release_folder(settings, release) / "contracts.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise KitError("RELEASE_MISSING", f"release {release} is gone", f"{path} is missing") from error
    for contract in manifest["contracts"]:
        if contract["table"] == table:
            return dict(contract)
    raise KitError("CONTRACT_MISSING", f"release {release} has no contract of {table}")


@contextlib.contextmanager
def renewed(
    ledger: Ledger, batch: str, attempt: int, log: Log, forgotten: Callable[[], None] = lambda: None
) -> Generator[None]:
    """Keeps the lease while the step works. A step whose attempt is over ends at once, whatever it is doing."""
    done = threading.Event()
    own = ledger.another()
    own.renew(batch, attempt)

    def keep() -> None:
        nonlocal own
        while not done.wait(RENEW_SECONDS):
            try:
                own.renew(batch, attempt)
            except Superseded as reason:
                log.warn("superseded", why=str(reason))
                if isinstance(reason, Forgotten):
                    forgotten()
                os._exit(EXIT_SUPERSEDED)
            except Exception as error:  # a lost connection: the lease has time for more tries, by another one
                log.warn("the lease was not renewed", why=f"{type(error).__name__}: {error}")
                with contextlib.suppress(Exception):
                    own.close()
                    own = ledger.another()

    thread = threading.Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        own.close()
