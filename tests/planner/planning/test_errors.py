import inspect

from planner.errors import PlannerError
from planner.planning import errors

LEAVES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, PlannerError) and kind is not PlannerError
]


def test_every_error_is_drawn_in_the_tree_and_has_a_code_of_its_own():
    drawn = [line.split()[1] for line in (errors.__doc__ or "").splitlines() if "──" in line]
    assert sorted(drawn) == sorted(kind.__name__ for kind in LEAVES)
    assert len({kind.code for kind in LEAVES}) == len(LEAVES)


def test_errors_say_what_was_found_and_what_would_be_right():
    assert "`planner plan list` lists them" in str(errors.PlanUnknown("p"))
    assert str(errors.PlanClosed("p", "waiting", "run")) == "plan p is waiting, so it cannot be run"
    assert "plan the goal again" in str(errors.PlanVoid("p", ["the contract of a.b changed"]))
    assert str(errors.GoalUnclear(["Which order?"])) == "the goal is unclear: Which order?"
