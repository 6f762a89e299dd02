"""Airflow's own tables: runs that are over, and its audit log. It deletes neither by itself.

By SQL: `airflow db clean` imports all of Airflow, for seconds of a processor, every time. What hangs on a run (task instances, their
messages and rendered fields) goes with it by the tables' own foreign keys.
"""

from typing import LiteralString

import psycopg

from gridata import config

"""The last run of each DAG and kind is what the next scheduled one is reckoned from."""
STATEMENTS: dict[str, LiteralString] = {
    "runs": """
        delete from dag_run r
         where r.state in ('success', 'failed') and r.end_date < clock_timestamp() - make_interval(secs => %s)
           and r.id not in (select max(id) from dag_run group by dag_id, run_type)""",
    "events": "delete from log where dttm < clock_timestamp() - make_interval(secs => %s)",
    "jobs": """
        delete from job
         where coalesce(state, '') <> 'running' and latest_heartbeat < clock_timestamp() - make_interval(secs => %s)""",
}


def clean(settings: config.Ledger, seconds: float) -> dict[str, int]:
    """How many rows went, by what they are."""
    with psycopg.connect(
        host=settings.host,
        port=settings.port,
        dbname=settings.database,
        user=settings.user,
        password=settings.password,
        connect_timeout=10,
        application_name="gridata-sweep",
    ) as connection:
        connection.execute("set statement_timeout = '60s'")
        return {name: connection.execute(sql, [seconds]).rowcount for name, sql in STATEMENTS.items()}
