"""Takes away what closed batches left behind, and says what waits: audit branches, typed files, deliveries without a verdict."""

from datetime import timedelta

from airflow.sdk import DAG
from gridata_operator import SweepOperator

with DAG("drop_sweep", schedule=timedelta(minutes=10), catchup=False, max_active_runs=1, tags=["gridata"]):
    SweepOperator(task_id="sweep", retries=0)
