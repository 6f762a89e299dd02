from typing import Any

import pytest
from gridata.lake.schema import schema_change, spec_change


def schema(*columns: tuple[int, str, Any], required: bool = False) -> dict[str, Any]:
    fields = [{"id": id, "name": name, "required": required, "type": kind} for id, name, kind in columns]
    return {"type": "struct", "schema-id": 3, "fields": fields}


def test_the_same_columns_under_other_ids_and_in_another_order_change_nothing() -> None:
    change = schema_change(
        schema((7, "a", "int"), (9, "b", "decimal(4, 2)")), 9, schema((1, "b", "decimal(4,2)"), (2, "a", "int"))
    )
    assert (change.schema, change.refused) == (None, [])


def test_a_new_column_is_optional_and_gets_an_id_that_the_table_never_had() -> None:
    change = schema_change(schema((1, "a", "int")), 12, schema((1, "b", "string"), (2, "a", "int")))
    assert change.refused == []
    assert change.last_column_id == 13
    assert change.schema is not None
    assert change.schema["fields"] == [
        {"id": 13, "name": "b", "required": False, "type": "string"},
        {"id": 1, "name": "a", "required": False, "type": "int"},
    ]


@pytest.mark.parametrize(("old", "new"), [("int", "long"), ("float", "double"), ("decimal(12, 2)", "decimal(14, 2)")])
def test_a_widening_takes_effect_and_its_reverse_does_not(old: str, new: str) -> None:
    wider = schema_change(schema((5, "a", old)), 5, schema((1, "a", new)))
    assert wider.refused == []
    assert wider.schema is not None
    assert wider.schema["fields"] == [{"id": 5, "name": "a", "required": False, "type": new}]
    plain = (old.replace(" ", ""), new.replace(" ", ""))
    narrower = schema_change(schema((5, "a", new)), 5, schema((1, "a", old)))
    assert narrower.schema is None
    assert narrower.refused == [f"column a would narrow from {plain[1]} to {plain[0]}"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int", "string"),
        ("string", "date"),
        ("decimal(12,2)", "decimal(14,3)"),
        ("date", "timestamp"),
        ("long", "double"),
    ],
)
def test_any_other_type_is_refused(old: str, new: str) -> None:
    assert schema_change(schema((5, "a", old)), 5, schema((1, "a", new))).refused == [
        f"column a would change from {old} to {new}"
    ]


def test_all_reasons_come_at_once() -> None:
    change = schema_change(schema((1, "a", "long"), (2, "b", "int")), 2, schema((1, "a", "int"), (2, "c", "int")))
    assert change.refused == ["column b would be dropped", "column a would narrow from long to int"]


def test_required_may_become_optional_and_not_the_other_way() -> None:
    strict, free = schema((1, "a", "int"), required=True), schema((1, "a", "int"))
    relaxed = schema_change(strict, 1, free).schema
    assert relaxed is not None
    assert relaxed["fields"][0]["required"] is False
    assert schema_change(free, 1, strict).refused == ["column a would become required"]


def nested(street: str, *more: str) -> dict[str, Any]:
    fields = [
        {"id": i, "name": name, "required": False, "type": street} for i, name in enumerate(("street", *more), 20)
    ]
    place = {"type": "struct", "fields": fields}
    return schema((1, "places", {"type": "list", "element-id": 19, "element": place, "element-required": False}))


def test_nested_fields_follow_the_same_rules() -> None:
    change = schema_change(nested("int"), 20, nested("long", "zip"))
    assert change.schema is not None
    fields = change.schema["fields"][0]["type"]["element"]["fields"]
    assert [(f["id"], f["name"], f["type"]) for f in fields] == [(20, "street", "long"), (21, "zip", "long")]
    refused = schema_change(nested("long", "zip"), 21, nested("int")).refused
    assert refused == [
        "column places.element.zip would be dropped",
        "column places.element.street would narrow from long to int",
    ]


def test_new_partitions_are_refused_and_the_same_ones_under_other_ids_are_not() -> None:
    table, spec = (
        schema((7, "at", "date")),
        {"fields": [{"source-id": 7, "field-id": 1000, "name": "dt", "transform": "day"}]},
    )
    same = {"schema": schema((1, "at", "date")), "spec": {"fields": [{**spec["fields"][0], "source-id": 1}]}}
    assert spec_change(table, spec, same) is None
    other = {"schema": schema((1, "at", "date")), "spec": {"fields": []}}
    assert spec_change(table, spec, other) == "the partitions would change from (day of at as dt) to ()"
