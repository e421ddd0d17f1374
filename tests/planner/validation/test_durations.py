"""Tests of durations."""

import pytest

from planner.validation.durations import seconds


@pytest.mark.parametrize(
    ("value", "expected"), [("PT5S", 5), ("P2D", 172800), ("PT0.5S", 0.5), (30, 30), (0, 0), (1.5, 1.5)]
)
def test_durations_are_read_in_seconds(value, expected):
    assert seconds(value) == expected


@pytest.mark.parametrize(
    "value", ["", "5", "soon", "-PT5S", -1, True, None, [], "P99999999999D", float("inf")]
)
def test_anything_else_is_no_duration(value):
    assert seconds(value) is None


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ("a: {call: misc.anything, timeout: -PT1S}", "/steps/a/timeout"),
        ("a: {call: misc.anything, retry: {initial: -PT1S}}", "/steps/a/retry/initial"),
        ("a: {call: misc.anything, recover: {within: -PT1S}}", "/steps/a/recover/within"),
        ("a: {decide: q, options: {x: {}}, within: -PT1S}", "/steps/a/within"),
    ],
)
def test_a_duration_back_in_time_is_told(check, steps, path):
    (problem,) = check(steps)

    assert (problem.code, problem.path) == ("bad-duration", path)


def test_a_budget_back_in_time_is_told(check):
    (problem,) = check("a: {set: {}}", head="budget: {duration: -PT1S}")

    assert problem.path == "/budget/duration"
