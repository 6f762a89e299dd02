from typing import Any

COLUMNS = "transaction_id string, channel string, card_holder string"


def test_a_channel_has_one_spelling(given: Any, run_job: Any) -> None:
    outcome = run_job(given(COLUMNS, [("T1", " WEB ", "Ada"), ("T2", "store", None), ("T3", None, "Grace")]))
    assert [row["channel"] for row in outcome.rows] == ["web", "store", None]
    assert outcome.dropped == {}


def test_trying_a_terminal_is_no_sale(given: Any, run_job: Any) -> None:
    outcome = run_job(given(COLUMNS, [("T1", "web", "TERMINAL TEST"), ("T2", "web", "Ada")]))
    assert [row["transaction_id"] for row in outcome.rows] == ["T2"]
    assert outcome.dropped == {"terminal_test": 1}
