"""Runs one step of the pipeline, wherever the runtime says: here through the socket of the step host."""

import json
import os
import socket

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

SUPERSEDED = 4


class StepOperator(BaseOperator):
    """A step of the batch that the run's conf names: `{"world", "batch", "attempt"}`. The ledger retries, Airflow does not."""

    def __init__(self, *, step: str, **kwargs) -> None:
        super().__init__(retries=0, **kwargs)
        self.step = step

    def execute(self, context) -> None:
        conf = context["dag_run"].conf
        status = ask_host({"step": self.step, **{name: conf[name] for name in ("world", "batch", "attempt")}}, self.log)
        if status is None:
            raise AirflowFailException(f"{self.step} died: the ledger starts the next attempt")
        if status == SUPERSEDED:
            raise AirflowFailException(f"{self.step} stopped: another attempt is newer, or the batch is closed")
        if status != 0:
            raise AirflowFailException(f"{self.step} failed: class and cause are in the ledger")


class SweepOperator(BaseOperator):
    """Takes away what closed batches left. What one sweep could not do the next one does."""

    def execute(self, context) -> None:
        if ask_host({"step": "sweep"}, self.log) != 0:
            raise AirflowFailException("a world was not swept: the log says why")


def ask_host(task, log):
    """The exit status of a task that the step host runs; None when it died."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(os.environ["GRIDATA_STEPS_SOCKET"])
        stream = connection.makefile("rw", encoding="utf-8", newline="\n")
        stream.write(json.dumps(task) + "\n")
        stream.flush()
        for line in stream:
            answer = json.loads(line)
            if "exit" in answer:
                return answer["exit"]
            log.info("%s", answer["log"])
    return None
