"""Workers that stop before each of their effects, so that a schedule decides whose comes next, whose is lost, and who dies.

A worker is a thread that runs the real steps; it proceeds only while the schedule waits for it.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Order = Literal["go", "fail", "lose", "late", "echo", "die"]
"""go: do it · fail: an error, nothing done · lose: done, and the answer is an error · late: an error, done whenever the schedule
wants · echo: done, and once more whenever the schedule wants · die: SIGKILL before it."""
FAULTS: tuple[Order, ...] = ("fail", "lose", "late", "echo", "die")
DEADLINE_SECONDS = 20


class Died(BaseException):
    """SIGKILL: nothing of the step runs any more."""


@dataclass(frozen=True)
class Effect:
    """`changes`: something that others can see."""

    name: str
    changes: bool


@dataclass(frozen=True)
class Late:
    name: str
    arrive: Callable[[], Any]


class Worker:
    """`at`: the effect before which it stands; None once it has ended."""

    def __init__(self, name: str, work: Callable[["Worker"], None]) -> None:
        self.name = name
        self.late: list[Late] = []
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._stands: queue.SimpleQueue[Effect | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._work = work
        threading.Thread(target=self._run, daemon=True).start()
        self.at = self._stands.get(timeout=DEADLINE_SECONDS)

    def _run(self) -> None:
        try:
            self._work(self)
        except Died:
            pass
        except BaseException as error:
            self._error = error
        self._stands.put(None)

    def step(self, order: Order = "go") -> None:
        """Lets it do what it stands before; returns when it stands before the next effect, or has ended."""
        if self.at is None:
            return
        self._orders.put(order)
        self.at = self._stands.get(timeout=DEADLINE_SECONDS)
        if self._error is not None:
            raise self._error

    def effect(
        self,
        effect: Effect,
        do: Callable[[], Any],
        lost: Callable[[], Exception],
        again: Callable[[], Any] | None = None,
        sent: Callable[[], Callable[[], Any]] | None = None,
    ) -> Any:
        """Called in the worker's thread around each thing that it does to others.

        `again`: what its client does a second time, `sent`: the request that is on its way now; where they are not `do`.
        """
        self._stands.put(effect)
        order = self._orders.get()
        if order == "die":
            raise Died
        if order == "fail":
            raise lost()
        if order == "late":
            if effect.changes:
                self.late.append(Late(effect.name, sent() if sent else do))
            raise lost()
        answer = do()
        if order == "echo" and effect.changes:
            self.late.append(Late(effect.name, again or do))
        if order == "lose":
            raise lost()
        return answer
