import asyncio
from datetime import UTC, datetime

import pytest

from planner import routing
from planner.choosing import Where
from planner.decisions import Answer, Filled
from planner.definition import Workflow
from planner.model.adapter import NoModel

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SCHEMA = {
    "type": "object",
    "required": ["order_id", "message"],
    "properties": {
        "order_id": {"type": "string"},
        "message": {"type": "string"},
        "amount": {"type": "number", "maximum": 100},
    },
}


class Told:
    """A decider that says what it was told to say, and keeps what it was asked."""

    def __init__(self, answer=None, filled=None):
        self.answer, self.filled = answer, filled
        self.asked = []

    async def choose(self, question):
        self.asked.append(question)
        return self.answer

    async def fill(self, brief, **_more):
        self.asked.append((brief.goal, brief.schema))
        return self.filled


def flow(name, goal="", schema=None):
    steps = {"done": {"set": {"x": 1}}}
    told = {"workflow": name, "goal": goal, "input": schema or {"type": "object"}, "steps": steps}
    return Workflow.model_validate(told)


FLOWS = [
    flow("checkout", "Take an order through checkout."),
    flow("late-order", "Settle a late-order complaint.", SCHEMA),
]


def route(goal, flows, decider):
    return asyncio.run(routing.route(goal, flows, decider, Where("d", "r"), now=NOW))


def fill(given, filled, workflow=FLOWS[1]):
    decider = Told(filled=filled)
    return asyncio.run(routing.fill_input("order 7 is late", workflow, given, decider)), decider.asked


def chosen(name):
    return Told(Answer(outcome_class="ok", choice=name, reason="It fits."))


def test_the_chosen_workflow_comes_with_a_decision():
    routed = route("the order is late", FLOWS, chosen("late-order"))
    assert routed.workflow is FLOWS[1]
    assert (routed.decision.kind, routed.decision.point) == ("route", "goal/route")
    assert (routed.decision.decided_by, routed.decision.choice) == ("model", "late-order")
    assert routed.decision.edge_taken == "late-order"
    assert routed.decision.workflow is None


def test_the_best_match_is_offered_first_and_none_of_these_last():
    decider = chosen("none")
    routed = route("a complaint about a late order", FLOWS, decider)
    assert [option.id for option in decider.asked[0].options] == ["late-order", "checkout", "none"]
    assert decider.asked[0].goal == "a complaint about a late order"
    assert "order_id" in decider.asked[0].options[0].means
    assert routed.workflow is None
    assert routed.decision.choice == "none"


def test_one_workflow_is_still_asked_about():
    decider = chosen("none")
    assert route("paint the shed", FLOWS[:1], decider).workflow is None
    assert len(decider.asked) == 1


def test_no_workflow_needs_no_question():
    decider = Told()
    routed = route("anything", [], decider)
    assert (routed.decision.choice, routed.decision.decided_by) == ("none", "only_option")
    assert decider.asked == []


def test_without_a_model_the_candidates_come_ranked():
    routed = route("a complaint about a late order", FLOWS, NoModel())
    assert routed.workflow is None
    assert (routed.decision.decided_by, routed.decision.outcome_class) == ("otherwise", "unavailable")
    assert [found["workflow"] for found in routed.candidates] == ["late-order", "checkout"]
    assert routed.candidates[0]["required"] == ["order_id", "message"]


@pytest.mark.parametrize("name", ["Checkout", "refund", "", None])
def test_a_workflow_that_was_not_offered_is_not_run(name):
    routed = route("x", FLOWS, chosen(name))
    assert routed.workflow is None
    assert (routed.decision.choice, routed.decision.outcome_class) == ("none", "invalid")


def test_only_the_twenty_best_are_offered_and_the_rest_say_why_not():
    flows = [flow(f"w{n}", "Paint.") for n in range(25)] + [flow("wanted", "Settle a complaint.")]
    routed = route("a complaint", flows, chosen("wanted"))
    assert routed.workflow is flows[-1]
    offered = [option for option in routed.decision.options if option.available]
    assert len(offered) == 21
    left_out = [option for option in routed.decision.options if not option.available]
    assert len(left_out) == 6
    assert all(option.excluded_by for option in left_out)
    assert len(routed.candidates) == 20


def test_a_workflow_may_be_called_none():
    routed = route("x", [flow("none", "Do nothing."), *FLOWS], chosen("none"))
    assert routed.workflow is not None
    assert routed.workflow.workflow == "none"
    assert routed.decision.options[-1].id == "none_of_these"


def test_the_goal_fills_what_the_caller_left_open():
    told = Filled(outcome_class="ok", value={"message": "late", "order_id": "8"})
    found, asked = fill({"order_id": "7"}, told)
    assert found.input == {"order_id": "7", "message": "late"}
    assert found.problems == []
    assert list(asked[0][1]["properties"]) == ["message", "amount"]


def test_a_complete_input_needs_no_model():
    given = {"order_id": "7", "message": "late"}
    found, asked = fill(given, Filled(outcome_class="ok"))
    assert (found.input, found.problems, asked) == (given, [], [])


def test_what_is_still_missing_is_named():
    found, _ = fill({}, Filled(outcome_class="ok", value={"order_id": "7"}))
    assert [problem.path for problem in found.problems] == ["/message"]


def test_without_a_model_only_what_was_given_counts():
    for filled in (
        Filled(outcome_class="unavailable"),
        Filled(outcome_class="timeout", value={"message": "x"}),
    ):
        found, _ = fill({"order_id": "7"}, filled)
        assert found.input == {"order_id": "7"}
        assert [problem.path for problem in found.problems] == ["/message"]


def test_a_value_that_the_goal_gives_wrongly_counts_as_not_told():
    told = Filled(outcome_class="ok", value={"order_id": "7", "message": "m", "amount": 5000, "admin": True})
    found, _ = fill(None, told)
    assert found.input == {"order_id": "7", "message": "m"}
    assert found.problems == []


def test_a_wrong_value_of_the_caller_is_a_problem():
    found, _ = fill({"order_id": 7}, Filled(outcome_class="ok", value={"message": "m"}))
    assert [problem.path for problem in found.problems] == ["/order_id"]
