"""Every case of bad input, and the page that tells of them."""

import os
from pathlib import Path
from typing import Any

import pytest
from bad_input.cases import CASES, Case
from bad_input.page import page
from gridata.validation import Refused
from validating import Checked, column, contract

PAGE = Path(__file__).parents[2] / "docs/bad-input.md"


def _contract(case: Case) -> dict[str, Any]:
    kinds = {"id": "int", "name": "string", "amount": "decimal(8,2)", "day": "date"}
    columns = [column(n, kind, **({"required": n == "id"} | case.columns.get(n, {}))) for n, kind in kinds.items()]
    return contract("csv", *columns, share=case.share, dialect=case.dialect, limits=case.limits)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group[:3]}-{case.title}")
def test_what_becomes_of_bad_input(tmp_path: Path, case: Case) -> None:
    try:
        checked = Checked(tmp_path, case.content, _contract(case))
    except Refused as refused:
        assert (refused.code, refused.reason) == case.refused
        return
    refused = checked.result.refused
    assert (refused and (refused["code"], refused["reason"])) == case.refused
    assert checked.rules == case.told
    assert [tuple(None if v is None else v if isinstance(v, int) else str(v) for v in row) for row in checked.rows] == (
        case.rows
    )


def test_the_page_tells_what_the_tests_prove() -> None:
    if os.environ.get("WRITE_PAGES"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: WRITE_PAGES=1 ./gridata test unit"
