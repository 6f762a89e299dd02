"""Workers that stop before each of their effects, so that a test decides whose comes next, whose is lost, and who dies.

A worker is a thread that runs the real steps against the real ledger; it proceeds only while the test waits for it.
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, Literal

Order = Literal["go", "twice", "fail", "lose", "late", "die", "die-after"]
"""go: do it · twice: the request is sent again · fail: an error, nothing done · lose: done, and the answer is an error · late: an error, done whenever the test wants."""

DEADLINE_SECONDS = 20


class Died(BaseException):
    """SIGKILL: nothing of the step runs any more."""


class Worker:
    """`at` names the effect before which it stands; None once it has ended."""

    def __init__(self, work: Callable[["Worker"], None]) -> None:
        self._orders: queue.Queue[Order] = queue.Queue()
        self._stands: queue.Queue[str | None] = queue.Queue()
        self._error: BaseException | None = None
        self.late: list[Callable[[], Any]] = []
        threading.Thread(target=self._run, args=[work], daemon=True).start()
        self.at = self._stands.get(timeout=DEADLINE_SECONDS)

    def _run(self, work: Callable[["Worker"], None]) -> None:
        try:
            self._wait("start")
            work(self)
        except Died:
            pass
        except BaseException as error:
            self._error = error
        self._stands.put(None)

    def _wait(self, at: str) -> Order:
        self._stands.put(at)
        return self._orders.get()

    def step(self, order: Order = "go") -> None:
        """Lets it do what it stands before; returns when it stands before the next effect, or has ended."""
        if self.at is None:
            return
        self._orders.put(order)
        self.at = self._stands.get(timeout=DEADLINE_SECONDS)
        if self._error is not None:
            raise self._error

    def effect(self, name: str, do: Callable[[], Any], lost: Callable[[], Exception], *, may_be_late: bool) -> Any:
        """Called in the worker's thread, around each thing that it does to the ledger or the lake."""
        order = self._wait(name)
        if order == "die":
            raise Died
        if order == "fail":
            raise lost()
        if order == "late" and may_be_late:
            self.late.append(do)
            raise lost()
        answer = do()
        if order == "twice" and may_be_late:
            with contextlib.suppress(Exception):
                do()
        if order == "die-after":
            raise Died
        if order in ("lose", "late"):
            raise lost()
        return answer
