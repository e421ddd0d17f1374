from io import StringIO
from typing import Any

from rich.console import Console

from examples.shop import report
from examples.shop.report import Told

REFUND = {"payment_id": "p-1001", "amount": 49.9, "reason": "late", "reference": "run-1"}
DECISION: dict[str, Any] = {
    "point": "late-order/resolve",
    "options": [
        {"id": "refund", "available": True, "excluded_by": None},
        {
            "id": "wait",
            "available": False,
            "excluded_by": "its guard is false: facts.parcel.track.eta_days <= 2",
        },
    ],
    "choice": "refund",
    "decided_by": "model",
    "confidence": {"value": 0.92, "source": "stated"},
    "reason": "Six more days [bold]and[/bold] a small amount.",
    "trigger": {"operation": "payments.refund", "outcome": "unknown"},
}


def told(*refunds: dict[str, Any]) -> Told:
    records = [
        {
            "operation": "refund",
            "arguments": refund,
            "idempotency_key": None,
            "at": "2026-01-05T09:00:00.000Z",
        }
        for refund in refunds
    ]
    return Told(
        run={"status": "succeeded", "output": {"resolution": "refund"}, "workflow": {"name": "late-order"}},
        timeline=[
            {"text": "refund: payments.refund got no answer", "details": ["why: no answer within 1 s"]}
        ],
        decisions=[DECISION],
        graph="flowchart TD\n  a-->b\n",
        records={"payments": records, "orders": []},
    )


def shown(what: Told) -> str:
    out = StringIO()
    report.tell(Console(file=out, width=140), what)
    return out.getvalue()


def test_the_report_tells_the_story_the_choice_and_the_proof():
    text = shown(told(REFUND))
    for part in (
        "payments.refund got no answer",
        "why: no answer within 1 s",
        "late-order/resolve",
        "wait: its guard is false",
        "model, 92% sure",
        "after payments.refund: unknown",
        "a-->b",
        "The refund of 49.90 went out once, although its caller never got an answer.",
    ):
        assert part in text


def test_words_of_a_model_are_shown_as_they_are():
    assert "[bold]and[/bold]" in shown(told(REFUND))


def test_an_effect_that_happened_twice_is_named():
    twice = told(REFUND, REFUND)
    assert twice.doubled == ["payments.refund"]
    assert "Applied more than once: payments.refund" in shown(twice)


def test_two_different_refunds_are_not_one_effect_twice():
    assert told(REFUND, {**REFUND, "reference": "run-2"}).doubled == []


def test_what_was_started_is_listed_with_its_address():
    out = StringIO()
    console = Console(file=out, width=140)
    report.started(console, {"orders": "http://127.0.0.1:1"}, model=None, api="http://127.0.0.1:2")
    report.farewell(console, "http://127.0.0.1:2", "r-1", keep=False)
    for part in ("http://127.0.0.1:1", "a real model", "http://127.0.0.1:2/v1/runs/r-1/decisions", "KEEP=1"):
        assert part in out.getvalue()
