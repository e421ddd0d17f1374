from typing import get_args

import pytest
from pydantic import ValidationError

from planner.decisions import Offered, WorkflowRef
from planner.runs import ENDED, PersonAnswer, PersonQuestion, Run, RunStatus
from planner.testing import START

REF = WorkflowRef(name="late-order", version="1.2.0", sha256="ab" * 32)


def a_run(**fields):
    return Run(id="r", workflow=REF, created_at=START, updated_at=START, **fields)


@pytest.mark.parametrize("status", get_args(RunStatus))
def test_a_run_has_ended_when_nothing_more_will_happen(status):
    assert a_run(status=status).ended == (status not in {"queued", "running", "waiting"})


def test_every_ending_is_a_status():
    assert set(get_args(RunStatus)) >= ENDED


def test_a_run_survives_json():
    run = a_run(input={"a": [1, None]}, wake_at=START, steps_done=2)

    assert Run.model_validate_json(run.model_dump_json()) == run


def test_a_run_refuses_what_it_does_not_know_and_times_without_a_zone():
    with pytest.raises(ValidationError, match="colour"):
        a_run(colour="red")
    with pytest.raises(ValidationError, match="timezone"):
        a_run(wake_at="2026-03-01T12:00:00")


def test_a_question_and_its_answer_survive_json():
    question = PersonQuestion(
        decision_id="d",
        run_id="r",
        workflow="late-order",
        kind="choose",
        point="late-order/ask",
        path="ask",
        question="What now?",
        options=(Offered(id="refund"),),
        asked_at=START,
        status="answered",
        answer=PersonAnswer(choice="refund", at=START, value={"id": 1}),
    )

    assert PersonQuestion.model_validate_json(question.model_dump_json()) == question


def test_a_comment_has_a_limit():
    with pytest.raises(ValidationError, match="4000"):
        PersonAnswer(choice="refund", at=START, comment="x" * 4001)
