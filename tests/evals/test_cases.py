"""The form of case files: shorthands, defaults and the published schema."""

from datetime import timedelta

import pytest

from evals import cases
from evals.cases import Suite, setting
from tools import schemas

CASE = {"id": "one", "expect": {"status": "succeeded"}}


def suite(case, **more):
    return Suite.model_validate(
        {"schema": "evals/1", "suite": "small", "workflow": "w", **more, "cases": [case]}
    )


def test_short_forms_are_the_long_ones():
    given = CASE | {
        "model": {"a": "x", "b": ["x", {"choose": "y"}]},
        "person": {"c": "never", "d": {"choose": "x", "after": "PT2H"}},
        "services": {"s.o": {"return": 1}},
        "expect": {"decisions": {"a": "x"}, "path": ["a"], "calls": {"s.o": 1}},
    }
    case = suite(given).cases[0]
    assert [answer.choose for answer in case.model["b"]] == ["x", "y"]
    assert case.person["c"][0].choose is None
    assert case.person["d"][0].after == timedelta(hours=2)
    assert case.services["s.o"][0].return_ == 1
    assert case.expect.decisions["a"][0].choose == "x"
    assert case.expect.path.mode == "in_order"
    assert case.expect.calls["s.o"].exactly == 1


def test_a_case_goes_before_its_defaults():
    defaults = {"seed": 1, "services": {"s.a": {"return": 1}, "s.b": {"return": 1}}, "model": {"m": "x"}}
    given = CASE | {"seed": 0, "services": {"s.b": {"return": 2}}}
    read = suite(given, defaults=defaults)
    found = setting(read, read.cases[0])
    assert (found.seed, found.workflow, found.clock) == (0, "w", cases.CLOCK)
    assert {name: given[0].return_ for name, given in found.services.items()} == {"s.a": 1, "s.b": 2}
    assert found.model["m"][0].choose == "x"


def test_an_absent_model_has_no_defaults():
    read = suite(CASE | {"model": "absent"}, defaults={"model": {"m": "x"}})
    assert setting(read, read.cases[0]).model is None


@pytest.mark.parametrize(
    "case",
    [
        CASE | {"model": "none"},
        CASE | {"model": {"a": []}},
        CASE | {"model": {"a": {"choose": "x", "fault": "timeout"}}},
        CASE | {"model": {"a": {"fault": "explode"}}},
        CASE | {"services": {"s.o": {"return": 1, "status": 200}}},
        CASE | {"expect": {"calls": {"s.o": -1}}},
        CASE | {"expect": {"never": [{"call": "s.o", "step": "a"}]}},
        CASE | {"limits": {"steps": 0}},
    ],
)
def test_what_has_no_form_is_refused(case):
    with pytest.raises(ValueError, match="validation error"):
        suite(case)


def test_the_schema_takes_what_the_form_takes():
    schema = cases.json_schema()
    good = {
        "schema": "evals/1",
        "suite": "small",
        "cases": [CASE | {"model": {"a": ["x"], "b": {"fault": "timeout"}}, "person": {"c": "never"}}],
    }
    assert schemas.problems(schema, good) == []
    assert schemas.problems(schema, good | {"cases": [CASE | {"inptu": {}}]})
