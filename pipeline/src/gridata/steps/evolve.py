"""Whether the contract is in effect on its table. Additive and widening changes take effect here, inside the slot, before the write."""

from gridata.errors import KitError
from gridata.lake.catalog import Table
from gridata.lake.schema import schema_change, spec_change
from gridata.modes.state import mode_change, state_of
from gridata.steps.context import Step
from gridata.steps.plan import loaded


def in_effect(step: Step, table: Table) -> Table:
    """The table with the contract's columns. Raises, and so parks the batch, when that takes a migration."""
    iceberg = step.contract["iceberg"]
    change = schema_change(table.schema, table.last_column_id, iceberg["schema"])
    reasons = list(change.refused)
    for reason in (
        spec_change(table.schema, table.spec, iceberg),
        mode_change(table, state_of(table), step.contract),
    ):
        reasons += [] if reason is None else [reason]
    if reasons:
        raise KitError(
            "SCHEMA_NOT_IN_EFFECT",
            f"version {step.contract['version']} of the contract is not in effect until {table.name} is migrated",
            "; ".join(reasons),
            "take the change back, or give it a new major version: its rows go to a table of their own",
        )
    if change.schema is None:
        return table
    step.catalog.evolve(table, change.schema, change.last_column_id)
    step.log.info("the table has the columns of the contract", version=step.contract["version"])
    return loaded(step)
