import inspect

import pytest

from planner import errors
from planner.errors import PlannerError
from tools.problems import Problem

PROBLEM = Problem(path="/steps/pay", code="unknown-operation", message="It is not there.", remedy="Add it.")
LEAVES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PlannerError)]


def test_every_error_has_a_code_of_its_own():
    codes = [kind.code for kind in LEAVES]

    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and " " not in code and "_" not in code for code in codes)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_stands_in_the_tree_at_the_top(kind):
    assert f"{kind.__name__}" in errors.__doc__
    assert kind.__doc__


def test_nothing_stands_in_the_tree_that_does_not_exist():
    drawn = [line.split()[1] for line in errors.__doc__.splitlines() if "──" in line]

    assert sorted(drawn) == sorted(kind.__name__ for kind in LEAVES if kind is not PlannerError)


def test_only_a_full_queue_and_a_store_that_cannot_be_used_are_worth_another_try():
    assert {kind for kind in LEAVES if kind.retryable} == {errors.QueueFull, errors.StoreUnavailable}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.DefinitionInvalid([PROBLEM]), "1 problem: /steps/pay: [unknown-operation] It is not there."),
        (errors.DefinitionInvalid([PROBLEM, PROBLEM]), "2 problems: "),
        (errors.WorkflowUnknown("a"), "there is no workflow 'a'; none is registered"),
        (
            errors.WorkflowUnknown("a", "1.0.0", known=["b", "c"]),
            "no workflow 'a 1.0.0'; registered are b, c",
        ),
        (errors.VersionTaken("a", "1.0.0"), "give the change a new version"),
        (errors.RunUnknown("r"), "there is no run 'r'"),
        (errors.RunEnded("r", "failed"), "run r has ended as failed"),
        (errors.InputInvalid("a", [PROBLEM]), "the input of 'a' is not right: /steps/pay"),
        (errors.RouteUnclear("Two fit.", [{"workflow": "a"}], None), "Two fit."),
        (errors.DecisionUnknown("d"), "there is no decision 'd'"),
        (errors.DecisionClosed("d", "ada answered"), "decision d is no longer open: ada answered"),
        (errors.AnswerInvalid("d", "choose a"), "decision d: choose a"),
        (errors.KeyReused("k"), "used before with another request; use a new key"),
        (errors.CursorInvalid("c"), "leave it out to start at the first page"),
        (errors.LeaseLost("r", 3), "run r is no longer ours at epoch 3; nothing was written"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_says_what_was_found_and_what_would_be_right(error, words):
    assert words in str(error)
