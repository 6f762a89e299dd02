"""What a table's snapshots carry on from one to the next beside the rows. It lies in their summaries: so it moves with main, and back."""

from dataclasses import dataclass
from typing import Any

from gridata.lake.catalog import Table

MODE, TOMBSTONES, ARRIVAL = "gridata.mode", "gridata.tombstones", "gridata.arrival"


@dataclass(frozen=True)
class State:
    """`mode`: by which rule the rows came to be. `tombstones`: where the remembered ones lie. `arrival`: of the file that the table is."""

    mode: str
    tombstones: str | None = None
    arrival: str | None = None

    def summary(self) -> dict[str, str]:
        given = {MODE: self.mode, TOMBSTONES: self.tombstones, ARRIVAL: self.arrival}
        return {name: value for name, value in given.items() if value is not None}


def mode_of(contract: dict[str, Any]) -> str:
    """The rule of a contract, in words that differ when rows would come to be differently."""
    mode = str(contract["mode"])
    if mode == "upsert":
        keys = sorted((c for c in contract["columns"] if c["key"]), key=lambda column: column["key"])
        order = f" order ({', '.join(contract['order'])})" if contract["order"] else ""
        return f"upsert key ({', '.join(c['name'] for c in keys)}){order}"
    return mode


def state_of(table: Table) -> State:
    """Of main. Snapshots that carry nothing, as those of maintenance, change nothing of it."""
    for snapshot in table.ancestry():
        summary = snapshot.summary
        if MODE in summary:
            return State(summary[MODE], summary.get(TOMBSTONES), summary.get(ARRIVAL))
    return State("append")


def mode_change(table: Table, state: State, contract: dict[str, Any]) -> str | None:
    """Why the contract's rule is not in effect on the rows that are there; None when it is, or there are none."""
    wanted = mode_of(contract)
    nothing = table.snapshots[table.main].summary.get("total-records") == "0" and state.tombstones is None
    if nothing or state.mode == wanted:
        return None
    return f"the rows would be kept by '{wanted}', the table's are kept by '{state.mode}'"
