"""Tests of branches that make the same change."""

import pytest

BRANCHES = """
both:
  parallel:
    left: {{m: {left}}}
    right: {{n: {right}}}
"""
SEND = "{call: notifications.send, with: {to: me, template: late}"


def collisions(check, left, right):
    found = check(BRANCHES.format(left=left, right=right))
    return [(problem.path, problem.code) for problem in found if problem.code == "same-change"]


def test_two_branches_that_make_the_same_change_are_told_once(check):
    assert len(collisions(check, SEND + "}", SEND + "}")) == 1


@pytest.mark.parametrize(
    "other",
    [
        "{call: notifications.send, with: {to: you, template: late}}",
        SEND + ", if: 'run.id == \"x\"'}",
        SEND + ", optional: true}",
    ],
)
def test_other_arguments_or_a_call_that_may_not_be_made_are_no_collision(check, other):
    assert collisions(check, SEND + "}", other) == []


TELL = '{call: notifications.send, with: {to: "${run.id}", template: late}}'


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (TELL.replace("run.id", "run.goal"), ["undecided"]),
        (TELL.replace("run.id", "run.goal").replace(": late", ": early"), []),
        (SEND + ", optional: true}", ["undecided"]),
        ("{call: inventory.getStock, with: {sku: x}}", []),
    ],
)
def test_branches_that_may_make_the_same_change_are_told_apart_by_what_is_written(check, other, found):
    told = check(BRANCHES.format(left=TELL, right=other), remarks=True)

    assert [problem.severity for problem in told if problem.code == "perhaps-same-change"] == found
