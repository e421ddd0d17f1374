"""Each invariant tells what is against it, and is silent about what is not."""

from datetime import UTC, datetime, timedelta

import pytest

from evals import invariants
from evals.history import History, Sent
from planner.decisions import Offered
from planner.definition import Call, Parallel, Set, Workflow
from planner.journal import Entry
from planner.runs import PersonAnswer, PersonQuestion
from tools.catalog import Catalog
from tools.operations import FunctionBinding, Operation, Retry

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
BINDING = FunctionBinding(target="nowhere:nothing")
CATALOG = Catalog(
    {
        name: Operation(name=name, service="shop", effect=effect, retry=Retry(attempts=2), binding=BINDING)
        for name, effect in (("shop.pay", "write"), ("shop.send", "keyed"), ("shop.refund", "idempotent"))
    },
    {},
)
FLOW = Workflow(workflow="w", steps={"x": Set(set={})}, budget={"model_calls": 1})


def sent(path, operation="shop.pay", *, applied=True, undoes=None, key=None, visit=1):
    effect = CATALOG.operation(operation).effect
    outcome = "applied" if applied else "rejected"
    return Sent(operation, effect, {}, key, outcome, applied, path=path, visit=visit, undoes=undoes)


def entry(kind, path="", **body):
    return Entry(kind, NOW, body, path=path)


def outcome(path, kind, operation="shop.pay"):
    effect = CATALOG.operation(operation).effect
    return entry("outcome", path, outcome=kind, operation=operation, effect=effect)


def decision(path="d", choice="a", offered=("a", "b"), by="model", attempts=1):
    options = [{"id": name, "available": name in offered} for name in ("a", "b", "fail")]
    told = {"decision_id": f"id-{path}", "path": path, "choice": choice, "decided_by": by, "kind": "choose"}
    return {**told, "options": options, "attempts": [{}] * attempts}


def told(**more):
    history = History(FLOW, CATALOG, **more)
    return {violation.invariant for violation in invariants.violations(history)}


ENDING = entry("ending", undo=True, status="failed")


@pytest.mark.parametrize(
    ("name", "against", "right"),
    [
        (
            "no-double-effect",
            {"calls": [sent("pay"), sent("pay")]},
            {"calls": [sent("send", "shop.send", key="k"), sent("send", "shop.send", key="k"), sent("pay")]},
        ),
        (
            "undo-is-complete",
            {"calls": [sent("pay")], "entries": [ENDING], "status": "undone"},
            {
                "calls": [sent("pay"), sent("undo:pay", "shop.refund", undoes="pay")],
                "entries": [ENDING],
                "status": "undone",
            },
        ),
        (
            "undo-is-reversed",
            {
                "calls": [
                    sent("a"),
                    sent("b"),
                    sent("undo:a", "shop.refund", undoes="a"),
                    sent("undo:b", "shop.refund", undoes="b"),
                ]
            },
            {
                "calls": [
                    sent("a"),
                    sent("b"),
                    sent("undo:b", "shop.refund", undoes="b"),
                    sent("undo:a", "shop.refund", undoes="a"),
                ]
            },
        ),
        (
            "nothing-after-the-end",
            {"entries": [ENDING, outcome("pay", "applied")]},
            {"entries": [outcome("pay", "applied"), ENDING, outcome("undo:pay", "applied", "shop.refund")]},
        ),
        (
            "nothing-past-an-unknown",
            {"entries": [outcome("pay", "unknown"), outcome("send", "applied", "shop.send")]},
            {
                "entries": [
                    outcome("pay", "unknown"),
                    entry("settled", "pay", outcome="applied"),
                    outcome("send", "applied", "shop.send"),
                ]
            },
        ),
        (
            "retries-within-policy",
            {"entries": [outcome("send", "not_sent", "shop.send")] * 3},
            {"entries": [outcome("send", "not_sent", "shop.send")] * 2},
        ),
        (
            "only-admissible-options",
            {"decisions": [decision(choice="b", offered=("a",))]},
            {"decisions": [decision(choice="b", offered=("a",), by="otherwise")]},
        ),
        (
            "one-record-for-each-choice",
            {"entries": [entry("decision", "d", decision_id="id-d", choice="b")], "decisions": [decision()]},
            {"entries": [entry("decision", "d", decision_id="id-d", choice="a")], "decisions": [decision()]},
        ),
        ("expressions-hold", {"broken": "x: there is no 'y' in the data"}, {}),
        ("within-budget", {"decisions": [decision(attempts=2)]}, {"decisions": [decision(attempts=1)]}),
        ("ends-in-a-known-way", {"status": "running"}, {"status": "succeeded"}),
    ],
)
def test_an_invariant_tells_what_is_against_it_and_nothing_else(name, against, right):
    assert name in told(**against)
    assert name not in told(**right)


@pytest.mark.parametrize(
    ("late", "found"), [(timedelta(), {"answers-are-in-time"}), (-timedelta(seconds=1), set())]
)
def test_at_its_very_deadline_an_answer_no_longer_counts(late, found):
    answer = PersonAnswer(choice="a", at=NOW + late)
    question = PersonQuestion(
        decision_id="id-d",
        run_id="r",
        workflow="w",
        kind="choose",
        point="w/d",
        path="d",
        question="?",
        options=(Offered(id="a"),),
        asked_at=NOW,
        deadline=NOW,
        status="answered",
        answer=answer,
    )
    entries = [entry("decision", "d", decision_id="id-d", choice="a")]

    assert told(entries=entries, decisions=[decision()], questions={"id-d": question}) == found


def test_branches_side_by_side_may_be_taken_back_in_any_order():
    back = [
        sent("undo:f.a.x", "shop.refund", undoes="f.a.x"),
        sent("undo:f.b.x", "shop.refund", undoes="f.b.x"),
    ]
    calls = [sent("f.a.x"), sent("f.b.x"), *back]
    nested = {"x": Call(call="shop.pay")}
    step = Parallel(parallel={"a": nested, "b": nested})

    assert "undo-is-reversed" not in told(calls=calls, step=lambda path: step if path == "f" else None)
    assert "undo-is-reversed" in told(calls=calls)


def test_what_stands_is_let_be_where_somebody_chose_the_end_and_it_is_named():
    chosen = {**decision("pay", "fail", ("fail",)), "kind": "recover"}
    ended = {
        "calls": [sent("pay")],
        "entries": [ENDING],
        "status": "failed",
        "error": "no; still standing: pay (shop.pay)",
    }

    assert "undo-is-complete" in told(**ended)
    assert "undo-is-complete" not in told(**ended, decisions=[chosen])
