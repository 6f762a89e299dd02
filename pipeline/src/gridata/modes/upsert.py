"""The key rule of `upsert`: of all rows that a key ever had, the greatest by (order columns, arrival, row) is in the table.

The greatest of a total order does not depend on how rows came in batches, nor in which order: so every batching gives the same
table. NULL in an order column is less than every value. A row whose tombstone column says so deletes its key when it is the greatest;
it is remembered, so that a late older row of the key stays out.
"""

from dataclasses import dataclass
from typing import Any

from gridata.modes.engine import Engine

INCOMING = "incoming"
"""The relation of the batch's rows."""


@dataclass(frozen=True)
class Tombstone:
    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class KeyRule:
    keys: tuple[str, ...]
    order: tuple[str, ...]
    tombstone: Tombstone | None
    """Iceberg types of the table's columns, in their order."""
    types: dict[str, Any]

    @property
    def remembered(self) -> tuple[str, ...]:
        """What has to be known of a row to compare it with another one of its key."""
        return (*dict.fromkeys((*self.keys, *self.order)), "_arrival", "_row")


def key_rule(contract: dict[str, Any]) -> KeyRule:
    keys = sorted((column for column in contract["columns"] if column["key"]), key=lambda column: column["key"])
    given = contract["tombstone"]
    return KeyRule(
        tuple(column["name"] for column in keys),
        tuple(contract["order"]),
        Tombstone(given["column"], tuple(given["values"])) if given else None,
        {field["name"]: field["type"] for field in contract["iceberg"]["schema"]["fields"]},
    )


def same_key(rule: KeyRule, engine: Engine, left: str, right: str) -> str:
    return " AND ".join(f"{left}.{engine.name(key)} = {right}.{engine.name(key)}" for key in rule.keys)


def met(rule: KeyRule, engine: Engine, source: str, word: str, where: str = "true") -> str:
    """Rows of `source` whose keys the batch has, as far as comparing needs them."""
    columns = ", ".join(
        f"CAST(t.{engine.name(c)} AS {engine.type(rule.types[c])}) AS {engine.name(c)}"
        if c in rule.remembered
        else f"NULL AS {engine.name(c)}"
        for c in rule.types
    )
    columns += f", {'true' if word == 'tombstone' else 'false'} AS _dead, '{word}' AS _from"
    return (
        f"SELECT {columns} FROM {source} t SEMI JOIN {INCOMING} i ON {same_key(rule, engine, 't', 'i')} WHERE {where}"
    )


def outcomes(rule: KeyRule, engine: Engine, table: str | None, tombstones: str | None, where: str = "true") -> str:
    """Each row of the batch with `_outcome` (inserted, updated, deleted, superseded), and of its key `_live` and `_buried`: whether the
    table has a row of it, or a tombstone is remembered (1 or 0). `table` and `tombstones` None: there are none.
    `where` is true for all rows `t` of the table whose keys the batch has."""
    quoted = [engine.name(column) for column in rule.types]
    others: list[str] = []
    if table is not None:
        others.append(f"\n  UNION ALL {met(rule, engine, table, 'table', where)}")
    if tombstones is not None:
        others.append(f"\n  UNION ALL {met(rule, engine, tombstones, 'tombstone')}")
    keys = ", ".join(engine.name(key) for key in rule.keys)
    greatest = ", ".join(
        f"{engine.name(column)} DESC NULLS LAST" for column in dict.fromkeys((*rule.order, "_arrival", "_row"))
    )
    return f"""WITH sighted AS (
  SELECT {", ".join(quoted)}, {_dead(rule, engine)} AS _dead, 'batch' AS _from FROM {INCOMING}{"".join(others)}
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY {keys} ORDER BY {greatest}) AS _nth,
    max(CASE WHEN _from = 'table' THEN 1 ELSE 0 END) OVER (PARTITION BY {keys}) AS _live,
    max(CASE WHEN _from = 'tombstone' THEN 1 ELSE 0 END) OVER (PARTITION BY {keys}) AS _buried
  FROM sighted
)
SELECT {", ".join(quoted)}, _live, _buried,
  CASE WHEN _nth > 1 THEN 'superseded' WHEN _dead THEN 'deleted' WHEN _live = 1 THEN 'updated' ELSE 'inserted' END AS _outcome
FROM ranked WHERE _from = 'batch'"""


def _dead(rule: KeyRule, engine: Engine) -> str:
    if rule.tombstone is None:
        return "false"
    column = rule.tombstone.column
    values = ", ".join(engine.literal(value, rule.types[column]) for value in rule.tombstone.values)
    return f"coalesce({engine.name(column)} IN ({values}), false)"


def changes(rule: KeyRule, engine: Engine, outcomes: str) -> str:
    """Rows of the batch that change the table: one a key."""
    columns = ", ".join(engine.name(column) for column in rule.types)
    return (
        f"SELECT {columns}, _outcome = 'deleted' AS _dead FROM {outcomes} "
        "WHERE _outcome IN ('inserted', 'updated') OR (_outcome = 'deleted' AND _live = 1)"
    )


def merge(rule: KeyRule, engine: Engine, target: str, source: str, where: str = "true") -> str:
    names = [engine.name(column) for column in rule.types]
    return f"""MERGE INTO {target} t USING {source} s ON {same_key(rule, engine, "t", "s")} AND {where}
WHEN MATCHED AND s._dead THEN DELETE
WHEN MATCHED THEN UPDATE SET {", ".join(f"{name} = s.{name}" for name in names)}
WHEN NOT MATCHED AND NOT s._dead THEN INSERT ({", ".join(names)}) VALUES ({", ".join(f"s.{name}" for name in names)})"""


def buried_after(rule: KeyRule, engine: Engine, outcomes: str, before: str | None) -> str:
    """The tombstones to remember: those before without the keys that the batch decided anew, and those of the batch."""
    columns = ", ".join(engine.name(column) for column in rule.remembered)
    new = f"SELECT {columns} FROM {outcomes} WHERE _outcome = 'deleted'"
    if before is None:
        return new
    kept = ", ".join(f"b.{engine.name(column)}" for column in rule.remembered)
    decided = f"(SELECT * FROM {outcomes} WHERE _outcome <> 'superseded')"
    return f"SELECT {kept} FROM {before} b ANTI JOIN {decided} d ON {same_key(rule, engine, 'b', 'd')} UNION ALL {new}"


def extent(rule: KeyRule, engine: Engine) -> str:
    """One row: least and greatest value of each key column in the batch, as texts."""
    parts = [f"CAST({f}({engine.name(key)}) AS {engine.type('string')})" for key in rule.keys for f in ("min", "max")]
    return f"SELECT {', '.join(parts)} FROM {INCOMING}"


def within(rule: KeyRule, engine: Engine, found: tuple[str | None, ...], alias: str) -> str:
    """The batch's extent as a filter of the table: files tell the range of their columns, so most are never opened."""
    parts: list[str] = []
    for at, key in enumerate(rule.keys):
        low, high = found[2 * at], found[2 * at + 1]
        # Texts of floating point numbers do not all come back as the same number.
        if low is None or high is None or rule.types[key] in ("float", "double", "boolean"):
            continue
        literal = [engine.literal(bound, rule.types[key]) for bound in (low, high)]
        parts.append(f"{alias}.{engine.name(key)} BETWEEN {literal[0]} AND {literal[1]}")
    return " AND ".join(parts) or "true"
