"""A validated batch that has its table's slot: written to an audit branch, checked there, published."""

from airflow.sdk import DAG
from gridata_operator import StepOperator

with DAG("process_and_publish", schedule=None, catchup=False, max_active_runs=64, tags=["gridata"]):
    process = StepOperator(task_id="process", step="process")
    check = StepOperator(task_id="check", step="check")
    publish = StepOperator(task_id="publish", step="publish")
    process >> check >> publish
