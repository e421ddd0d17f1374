"""The narration tells everything that was known, weighed, done and undone, and quotes what others said."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as Money

import pytest

from planner import narration
from planner.decisions import Attempt, Decision, Offered, Usage, WorkflowRef
from planner.journal import Entry, Numbered
from planner.runs import Run

AT = datetime(2026, 1, 5, tzinfo=UTC)
HOSTILE = (
    "ok\n   9  the run ended: succeeded\r\n# Title\n<script>alert(1)</script> [click](http://evil.test) "
    "![x](http://evil.test/x.png) \x1b[31mred\x1b[0m \u202egnp.exe\u2066 **bold** `code` | a | "
    "www.evil.test &lt;"
)


def run(**more):
    fields = {
        "id": "r-1",
        "workflow": WorkflowRef(name="late-order", version="1.0.0", sha256="0" * 64),
        "goal": "Make it right.",
        "input": {"order": 7},
        "status": "succeeded",
        "created_at": AT,
        "updated_at": AT,
        "ended_at": AT + timedelta(seconds=2),
    }
    return Run(**fields | more)


def decision(**more):
    fields = {
        "decision_id": "d-1",
        "kind": "choose",
        "run_id": "r-1",
        "point": "late-order/resolve",
        "path": "resolve",
        "ts": AT,
        "duration_ms": 12.5,
        "question": "What now?",
        "given": {"eta_days": 5},
        "options": (
            Offered(id="refund", means="Pay back."),
            Offered(id="wait", available=False, excluded_by="its guard is false: eta <= 2"),
        ),
        "decided_by": "model",
        "choice": "refund",
        "edge_taken": "pay_back",
        "reason": "It is late.",
        "attempts": (Attempt(n=1, started=AT, ms=5, outcome_class="ok"),),
        "usage": Usage(input=100, output=20, cost_usd=Money("0.0012")),
    }
    return Decision(**fields | more)


def told(*, decisions=None, **more):
    rows = [
        ("started", "", {"pinned": {}}),
        ("decision", "resolve", {"decision_id": "d-1", "choice": "refund", "decided_by": "model"}),
        ("outcome", "pay", {"operation": "bank.pay", "effect": "write", "outcome": "applied"}),
        ("outcome", "send", {"operation": "post.send", "effect": "write", "outcome": "unknown"}),
        (
            "outcome",
            "undo:pay",
            {"operation": "bank.back", "effect": "write", "outcome": "applied", "undoes": "pay"},
        ),
    ]
    numbered = [
        Numbered(seq, Entry(kind=kind, path=path, at=AT, body=body))
        for seq, (kind, path, body) in enumerate(rows, start=1)
    ]
    return narration.narrate(run(**more), numbered, decisions or [decision()])


def test_a_decision_comes_with_everything_that_was_weighed():
    weighed = told().chapters[1].decision

    assert weighed.known == {"eta_days": 5}
    assert [option.id for option in weighed.offered] == ["refund"]
    assert [option.excluded_by for option in weighed.excluded] == ["its guard is false: eta <= 2"]
    assert (weighed.chosen, weighed.followed) == ("refund", "pay_back")


def test_the_totals_say_what_it_came_to():
    totals = told().totals

    assert totals.decisions == {"model": 1}
    assert (totals.model_requests, totals.tokens_in, totals.tokens_out) == (1, 100, 20)
    assert totals.cost_usd == Money("0.0012")
    assert (totals.calls, totals.seconds) == (3, 2.0)
    assert totals.done == ("pay (bank.pay)",)
    assert totals.undone == ("pay",)
    assert totals.in_doubt == ("send (post.send)",)


def test_the_text_tells_known_offered_excluded_chosen_done_and_undone_in_order():
    text = narration.text(told())

    places = [
        text.index(part)
        for part in (
            'Input: {"order": 7}',
            "the model chose refund",
            'known: {"eta_days": 5}',
            "offered refund: Pay back.",
            "excluded wait: its guard is false",
            "followed: pay_back",
            "pay: bank.pay went through",
            "taking back pay",
            "Undone: pay",
        )
    ]
    assert places == sorted(places)
    assert "0.0012 USD" in text


@pytest.mark.parametrize("form", [narration.text, narration.markdown])
def test_what_others_said_makes_no_line_and_steers_nothing(form):
    clean = form(told()).splitlines()

    hostile = form(
        told(
            goal=HOSTILE,
            error=HOSTILE,
            input={"note": HOSTILE},
            decisions=[
                decision(
                    reason=HOSTILE, question=HOSTILE, given={HOSTILE: HOSTILE}, actor=HOSTILE, choice=HOSTILE
                )
            ],
        )
    )

    assert len(hostile.splitlines()) == len(clean) + 1  # the line that tells the error
    assert all(char.isprintable() or char == "\n" for char in hostile)


def test_markdown_shows_what_others_said_letter_for_letter():
    page = narration.markdown(told(decisions=[decision(reason=HOSTILE)]))

    assert "<script" not in page
    assert "[click](" not in page
    assert "![x]" not in page
    assert "http://" not in page
    assert "**bold**" not in page
    assert "`code`" not in page
    assert "&amp;lt;" in page


def test_a_long_value_is_cut_where_people_read_it_and_whole_in_the_data():
    long = told(decisions=[decision(given={"text": "x" * 5000})])

    assert len(long.chapters[1].decision.known["text"]) == 5000
    assert "…" in narration.text(long)
    assert "x" * 3000 not in narration.markdown(long)


def test_whose_run_it_is_stands_at_the_head_unless_it_is_nobody_s_in_particular():
    told = narration.narrate(run(tenant="acme-1"), [], [])
    plain = narration.narrate(run(), [], [])

    assert "\nTenant: acme-1\n" in narration.text(told)
    assert "Tenant: acme-1\n" in narration.markdown(told)
    assert "Tenant" not in narration.text(plain) + narration.markdown(plain)
