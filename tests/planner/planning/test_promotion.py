from datetime import UTC, datetime

import pytest

from planner import choosing
from planner.choosing import Where
from planner.decisions import Question, WorkflowRef
from planner.effects import Effect
from planner.planning import promotion
from planner.planning.policy import Policy
from planner.runs import Run

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
REF = WorkflowRef(name="plan-1", version="0.1.0", sha256="s")
DEFINITION = {"workflow": "plan-1", "goal": "Pay back.", "steps": {"a": {"set": {"x": 1}}}}


def run(status="succeeded"):
    return Run(id="r-1", workflow=REF, status=status, created_at=NOW, updated_at=NOW)


def decision(**more):
    where = Where("d-1", "r-1", workflow=REF, path="pay")
    question = Question(kind=more.pop("kind", "choose"), point="plan-1/pay", question="?", options=())
    made = choosing.conclude(question, None, where, ts=NOW, by="rule", otherwise="retry")
    return made.model_copy(update=more)


def effect(**more):
    fields = {"seq": 1, "path": "pay", "visit": 1, "attempt": 1, "operation": "shop.pay", "effect": "write"}
    return Effect.model_validate(fields | {"state": "applied", "at": NOW} | more)


def test_a_run_is_clean_where_it_succeeded_and_rules_retried():
    rule = decision(kind="recover", decided_by="rule", choice="retry")
    tries = [effect(state="not_sent"), effect(attempt=2)]
    assert promotion.soiled(run(), [rule], tries) is None


@pytest.mark.parametrize("status", ["failed", "undone", "cancelled"])
def test_a_run_that_did_not_succeed_is_not_clean(status):
    assert promotion.soiled(run(status), [], []).endswith(status)


@pytest.mark.parametrize(
    "more", [{"state": "unknown"}, {"state": "applied_bad"}, {"settled_by": "reconcile"}]
)
def test_a_run_with_an_outcome_in_doubt_or_wrong_is_not_clean(more):
    told = promotion.soiled(run(), [], [effect(**more)])
    assert "the outcome of shop.pay was in doubt or wrong" in told


def test_a_run_that_was_replanned_is_not_clean():
    other = run().model_copy(update={"workflow": REF.model_copy(update={"version": "0.1.0-rest.1"})})
    assert promotion.soiled(other, [], []) == "run r-1 was replanned"


def test_a_run_that_a_person_recovered_or_overrode_is_not_clean():
    ended = run()
    recovered = decision(kind="recover", decided_by="person", path="pay")
    overridden = decision(decided_by="person", overrides="d-1")
    chosen = decision(kind="choose", decided_by="person")
    assert "a person recovered pay" in promotion.soiled(ended, [recovered], [])
    assert "a person overrode" in promotion.soiled(ended, [overridden], [])
    assert promotion.soiled(ended, [chosen], []) is None


def test_a_plan_under_a_name_keeps_its_goal_and_the_goals_that_it_served():
    flow = promotion.named(DEFINITION, "pay-back", [], ["Pay back.", "Refund it.", "Refund it.", ""])
    assert (flow.workflow, flow.version, flow.goal) == ("pay-back", "1.0.0", "Pay back.")
    assert flow.examples == ("Refund it.",)


def test_a_name_that_was_promoted_to_before_gets_its_next_major_version():
    assert promotion.named(DEFINITION, "pay-back", ["1.0.0", "2.0.0"], []).version == "3.0.0"


def test_a_workflow_is_failing_where_more_of_its_latest_runs_failed_than_may():
    rules = Policy(failed_runs=1, of_runs=3)
    assert promotion.failing(["failed", "succeeded", "cancelled", "undone"], rules) is None
    told = promotion.failing(["failed", "undone", "succeeded"], rules)
    assert told == "2 of its latest 3 runs failed; 1 of 3 may"
