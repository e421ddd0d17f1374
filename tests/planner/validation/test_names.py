"""Tests of names that steps may not bear."""

import pytest


def pairs(problems):
    return [(problem.code, problem.path) for problem in problems]


@pytest.mark.parametrize("name", ["end", "input", "run", "item", "error", "return", "package"])
def test_a_reserved_name_is_told(check, name):
    assert pairs(check(f"{name}: {{set: {{}}}}")) == [("reserved-name", f"/steps/{name}")]


def test_a_nested_name_may_not_hide_one_around_it(check):
    steps = (
        "a: {set: {}}\np: {parallel: {x: {a: {set: {}}}, y: {q: {foreach: '[1]', steps: {p: {set: {}}}}}}}"
    )

    assert pairs(check(steps)) == [
        ("hidden-name", "/steps/p/parallel/x/a"),
        ("hidden-name", "/steps/p/parallel/y/q/steps/p"),
    ]


def test_neighbouring_branches_may_use_the_same_names(check):
    assert check("p: {parallel: {x: {a: {set: {}}}, y: {a: {set: {}}}}}") == []
