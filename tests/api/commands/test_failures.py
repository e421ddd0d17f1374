"""Tests of errors as sentences and exit codes."""

import inspect

import pytest

from api.commands import exits, failures
from planner import errors as planning
from planner.errors import DefinitionInvalid, InputInvalid, RouteUnclear
from tools import errors as tooling
from tools.problems import Problem

PROBLEM = Problem(path="/a", code="odd", message="This is odd.", remedy="Make it even.")
LEAVES = [
    leaf
    for module in (planning, tooling)
    for leaf in vars(module).values()
    if inspect.isclass(leaf) and issubclass(leaf, (planning.PlannerError, tooling.ToolError))
]


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_error_has_an_exit_code_that_is_documented(leaf, capsys):
    error = leaf.__new__(leaf)
    Exception.__init__(error, "it is so")

    code = failures.report(error, as_json=False)

    assert code in {exits.FAILED, exits.UNUSABLE, exits.NOTHING}
    assert "it is so" in capsys.readouterr().err


def test_problems_are_told_one_by_one_below_their_number(capsys):
    failures.report(DefinitionInvalid([PROBLEM, PROBLEM]), as_json=False)

    assert capsys.readouterr().err.splitlines() == [
        "planner: the workflow cannot be used: 2 problems",
        "  /a: [odd] This is odd. Make it even.",
        "  /a: [odd] This is odd. Make it even.",
    ]


def test_one_problem_is_no_problems():
    assert failures.headline(InputInvalid("greet", [PROBLEM])).endswith("'greet' is not right: 1 problem")


def test_candidates_are_told_with_what_they_need(capsys):
    candidate = {"workflow": "greet", "goal": "Greet.", "required": ["name"]}
    idle = {"workflow": "idle", "goal": "Do nothing.", "required": []}

    failures.report(RouteUnclear("nobody knows", [candidate, idle], "d-1"), as_json=False)

    assert capsys.readouterr().err.splitlines()[1:] == [
        "  greet: Greet. (needs name)",
        "  idle: Do nothing. (needs no input)",
    ]


def test_an_error_as_data_holds_what_the_sentence_tells():
    found = failures.described(RouteUnclear("nobody knows", [{"workflow": "greet"}], "d-1"))

    assert found == {
        "code": "route-unclear",
        "message": "nobody knows",
        "candidates": [{"workflow": "greet"}],
        "decision_id": "d-1",
    }


def test_a_strangers_error_is_not_ours():
    assert not failures.is_ours(ValueError("x"))
