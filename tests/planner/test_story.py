"""The story tells in order what was offered, excluded, chosen, done and undone."""

from datetime import UTC, datetime

from planner import story
from planner.decisions import Attempt, Decision, ModelInfo, Offered, Usage, WorkflowRef
from planner.journal import Entry, Numbered
from planner.runs import Run

AT = datetime(2026, 1, 5, tzinfo=UTC)
RUN = Run(
    id="r-1",
    workflow=WorkflowRef(name="late-order", version="1.0.0", sha256="0" * 64),
    goal="Make it right.",
    status="succeeded",
    created_at=AT,
    updated_at=AT,
)


def decision(**more):
    fields = {
        "decision_id": "d-1",
        "kind": "choose",
        "run_id": "r-1",
        "point": "late-order/resolve",
        "path": "resolve",
        "ts": AT,
        "question": "What now?",
        "options": (
            Offered(id="refund", means="Pay back."),
            Offered(id="wait", available=False, excluded_by="its guard is false: eta <= 2"),
        ),
        "decided_by": "model",
        "choice": "refund",
        "reason": "It is late.",
        "model": ModelInfo(requested="m-1", host="127.0.0.1", system_fingerprint="scripted"),
        "attempts": (Attempt(n=1, started=AT, ms=5, outcome_class="ok"),),
        "usage": Usage(input=100, output=20),
    }
    return Decision(**fields | more)


def chapters(*rows, decisions=()):
    numbered = [
        Numbered(seq, Entry(kind=kind, path=path, at=AT, body=body))
        for seq, (kind, path, body) in enumerate(rows, start=1)
    ]
    return story.tell(RUN, numbered, decisions)


def test_a_decision_tells_offers_exclusions_reason_and_cost():
    row = ("decision", "resolve", {"decision_id": "d-1", "choice": "refund", "decided_by": "model"})

    chapter = chapters(row, decisions=[decision()])[0]

    assert chapter.text == "resolve: the model (m-1) chose refund"
    assert chapter.details == (
        "offered refund: Pay back.",
        "excluded wait: its guard is false: eta <= 2",
        "reason given: It is late.",
        "cost: asked once, a scripted endpoint, 100 tokens in and 20 out, 0 ms",
    )


def test_without_a_model_the_story_says_so():
    told = story.decided(
        decision(decided_by="otherwise", anomalies=("no_model_configured",), outcome_class="unavailable")
    )

    assert told == "resolve: no model is configured, so the declared otherwise was taken: refund"


def test_an_unanswered_call_and_its_look_up_are_told_apart():
    found = chapters(
        ("outcome", "refund", {"operation": "payments.refund", "outcome": "unknown", "error": "no answer"}),
        ("outcome", "reconcile:refund", {"operation": "payments.findRefunds", "outcome": "applied"}),
        ("settled", "refund", {"outcome": "applied", "by": "reconcile"}),
    )

    assert [chapter.text for chapter in found] == [
        "refund: payments.refund may or may not have been applied",
        "looking up refund: payments.findRefunds went through",
        "refund: the look-up showed that it was applied",
    ]


def test_the_routing_of_the_goal_comes_first():
    routed = decision(kind="route", decision_id="d-0", path="", point="goal/route", choice="late-order")

    found = chapters(("started", "", {}), decisions=[routed])

    assert [chapter.kind for chapter in found] == ["decided", "began"]


def test_the_text_names_run_goal_and_every_chapter():
    told = story.text(RUN, chapters(("started", "", {}), ("finished", "", {"status": "succeeded"})))

    assert told.splitlines() == [
        "Run r-1 of late-order 1.0.0: succeeded",
        "Goal: Make it right.",
        "   1  the run began: late-order 1.0.0",
        "   2  the run ended: succeeded",
    ]


def test_a_look_up_while_taking_back_and_one_of_taking_back_read_differently():
    look = {"operation": "payments.findRefunds", "outcome": "applied"}

    found = chapters(("outcome", "undo:reconcile:pay", look), ("outcome", "reconcile:undo:pay", look))

    assert [chapter.text for chapter in found] == [
        "looking up pay: payments.findRefunds went through",
        "looking up whether pay was taken back: payments.findRefunds went through",
    ]
