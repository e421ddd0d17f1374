"""Tests that validation finds every mutant of the example workflows, and raises nothing of right ones."""

import copy

import pytest

from bench import mutants, operators
from planner.validation import codes
from tests.evals.explore import conftest as explored
from tests.evals.explore.test_search import TWENTY

MANY = 600


@pytest.fixture(scope="module")
def subjects(tmp_path_factory):
    return list(mutants.subjects(tmp_path_factory.mktemp("published")))


@pytest.fixture(scope="module")
def made(subjects):
    return [(subject, list(operators.mutants(subject))) for subject in subjects]


def test_every_mutant_of_every_example_workflow_is_found(made):
    score = mutants.together(mutants.score(subject, each) for subject, each in made)

    assert [(mutant.operator, mutant.place) for mutant in score.survivors] == []
    assert score.killed == score.total > MANY
    assert set(score.by_operator) == {*operators.OPERATORS, "dropped undo"}


def test_right_workflows_raise_nothing(subjects):
    assert len(subjects) >= 6
    for subject in subjects:
        assert mutants.raised(subject.document, subject.catalog, subject.workflows) == []


def test_the_right_workflow_of_twenty_steps_raises_nothing():
    document = explored.workflow(TWENTY).model_dump(mode="json", by_alias=True, exclude_defaults=True)

    assert mutants.raised(document, explored.CATALOG, {}) == []


def test_every_plan_that_is_composed_from_the_shop_raises_nothing():
    plans = list(mutants.composed())

    assert len(plans) > 200
    assert [plan for plan, found in plans if found] == []


def test_what_a_rule_spares_is_as_right_as_before(made):
    spared = [(subject, each) for subject, every in made for each in every if each.spared]
    wrong = [
        (each.operator, each.place, each.spared)
        for subject, each in spared
        if "error" in mutants.severities(each.document, each.catalog, subject.workflows)
    ]

    assert len(spared) < MANY / 4
    assert wrong == []


def test_a_mutant_is_a_change_and_leaves_the_workflow_as_it_was(subjects):
    subject = next(each for each in subjects if each.workflow.workflow == "late-order")
    before = copy.deepcopy(subject.document)

    for mutant in operators.mutants(subject):
        is_other = (
            list(_flat(mutant.document)) != list(_flat(before)) or mutant.catalog is not subject.catalog
        )
        assert is_other, (mutant.operator, mutant.place)
    assert subject.document == before


def _flat(value, path=""):
    """Yield every value with its place, in order."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{path}/{key}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _flat(item, f"{path}/{place}")
    else:
        yield path, value


SMALL = {
    "workflow": "small",
    "on_failure": "undo",
    "input": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
    "steps": {
        "a": {"call": "orders.get", "with": {"order_id": "${input.id}"}},
        "b": {"call": "payments.charge", "with": {"order_id": "${a.id}", "amount": "${a.total}"}},
        "c": {"wait": "PT1S"},
    },
}


def spared(**steps):
    document = {**SMALL, "steps": {**SMALL["steps"], **steps}}
    subject = operators.Subject(document, codes.catalog(), {})
    return {(each.operator, each.place, each.spared) for each in operators.mutants(subject) if each.spared}


def test_a_step_that_nothing_names_may_be_renamed_and_dropped():
    assert ("rename", "/steps/c", "nothing names the step") in spared()
    assert ("drop", "/steps/c", "nothing names the step, or needs its place") in spared()
    assert not any(place == "/steps/a" for operator, place, _ in spared() if operator in {"rename", "drop"})


def test_an_undo_is_needed_only_where_something_may_fail_after_it():
    last = ("dropped undo", "/steps/b", "nothing that may fail comes after it, so it is never taken back")

    assert last in spared()
    assert last not in spared(d={"fail": "No."})


def test_plain_steps_may_change_places_where_neither_needs_the_other():
    changed = {place for operator, place, _ in spared() if operator == "swap" and place.count("/") == 2}

    assert changed == {"/steps/b"}
    assert not any("plain" in rule for _, place, rule in spared(c={"fail": "No."}) if place == "/steps/b")


def test_arguments_of_one_type_may_change_places():
    merge = {"call": "orders.merge", "with": {"one": "${a.id}", "other": "${a.total}"}}

    assert any(operator == "swap" and "one, other" in place for operator, place, _ in spared(d=merge))


def test_an_option_may_be_taken_out_where_every_step_can_still_be_come_to():
    options = {"x": {"then": "e"}, "y": {"then": "e"}, "z": {}}
    decide = {"decide": "Which?", "options": options, "otherwise": "x"}
    steps = {"d": decide, "w": {"wait": "PT1S"}, "e": {"wait": "PT2S"}}
    gone = {place for operator, place, _ in spared(**steps) if operator == "removed option"}

    assert gone == {"/steps/d/options/y"}
