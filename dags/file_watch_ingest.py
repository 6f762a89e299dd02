"""A claimed batch: each of its files is validated and kept. The dispatcher starts a run for each attempt."""

from airflow.sdk import DAG
from gridata_operator import StepOperator

with DAG("file_watch_ingest", schedule=None, catchup=False, max_active_runs=64, tags=["gridata"]):
    StepOperator(task_id="validate", step="validate")
