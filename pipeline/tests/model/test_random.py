"""Schedules of any kind and length. What Hypothesis finds it shortens; its last lines are the program that fails.

`GRIDATA_MODEL_EXAMPLES` says how many, `GRIDATA_SEED` (any value) that they are others each time.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from run import Place, Run
from workers import FAULTS, Order, Worker

EXAMPLES = int(os.environ.get("GRIDATA_MODEL_EXAMPLES", "8"))
AT_ONCE = 2
"""Workers that live."""
WHICH = st.integers(0, AT_ONCE - 1)
FEW = st.integers(0, 12)


class Schedule(RuleBasedStateMachine):
    place: Place

    def __init__(self) -> None:
        super().__init__()
        self.run = Run(self.place)

    def teardown(self) -> None:
        try:
            self.run.end()
        finally:
            self.run.close()

    def alive(self) -> list[Worker]:
        return [worker for worker in self.run.workers if worker.at is not None]

    @rule(content=st.sampled_from(["a", "b", "bad", "refused"]))
    def drop(self, content: str) -> None:
        self.run.drop(content)

    @rule()
    def claim(self) -> None:
        self.run.claim()

    @precondition(lambda self: len(self.alive()) < AT_ONCE)
    @rule()
    def start(self) -> None:
        self.run.start()

    @precondition(lambda self: len(self.alive()) < AT_ONCE)
    @rule()
    def grant(self) -> None:
        self.run.grant()

    @precondition(lambda self: self.alive())
    @rule(which=WHICH, changes=FEW)
    def go_on(self, which: int, changes: int) -> None:
        alive = self.alive()
        self.run.to(alive[which % len(alive)], changes)

    @precondition(lambda self: self.alive())
    @rule(which=WHICH, changes=FEW, fault=st.sampled_from(FAULTS))
    def strike(self, which: int, changes: int, fault: Order) -> None:
        alive = self.alive()
        worker = alive[which % len(alive)]
        self.run.to(worker, changes)
        self.run.step(worker, fault)

    @precondition(lambda self: self.run.late)
    @rule()
    def arrive(self) -> None:
        self.run.arrive()


def test_any_schedule(place: Place) -> None:
    Schedule.place = place
    run_state_machine_as_test(
        Schedule,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            derandomize="GRIDATA_SEED" not in os.environ,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
