"""Tests of when a run waits for a person and when only for a while."""

from datetime import UTC, datetime, timedelta

import pytest

from api.commands import following
from planner.decisions import Offered, WorkflowRef
from planner.runs import PersonQuestion, Run

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def run(**fields):
    ref = WorkflowRef(name="ask", version="1.0.0", sha256="0" * 64)
    return Run(id="r-1", workflow=ref, created_at=NOW, updated_at=NOW, **{"status": "waiting"} | fields)


def question(deadline=None):
    return PersonQuestion(
        decision_id="d-1",
        run_id="r-1",
        workflow="ask",
        kind="choose",
        point="ask/approve",
        path="approve",
        question="May it?",
        options=(Offered(id="yes"),),
        asked_at=NOW,
        deadline=deadline,
    )


@pytest.mark.parametrize(
    ("stands", "asked", "waits"),
    [
        (run(), [question()], True),
        (run(wake_at=LATER), [question(LATER)], True),
        (run(wake_at=NOW), [question(LATER)], False),
        (run(wake_at=NOW), [], False),
        (run(), [], False),
        (run(status="running"), [question()], False),
        (run(cancel_requested=True), [question()], False),
    ],
    ids=["asked", "until its deadline", "a timer first", "a timer", "nothing", "goes on", "is cancelled"],
)
def test_a_run_waits_for_a_person_when_nothing_else_can_wake_it(stands, asked, waits):
    assert following.waits_for_others(stands, asked) is waits
