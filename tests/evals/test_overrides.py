"""A person overrides a choice before it is acted on, after some time, as in production."""

import pytest
import yaml

from evals import runner
from evals.project import Project
from evals.recorded import importing
from planner.definition import Workflow

PATIENT = """
workflow: patient-choice
steps:
  how:
    decide: How?
    options:
      go: {then: hold}
      stop: {then: end}
      never: {when: "false", then: end}
    otherwise: stop
    override_within: PT1H
  hold: {call: bank.hold, with: {order: o-1}}
  pause: {wait: PT2H}
output: {way: "${how.choice}", who: "${how.decided_by}", why: "${how.comment}"}
"""
HELD = {"bank.hold": {"return": {"id": "h-1", "amount": 1}}}


@pytest.fixture
def wide(small):
    """Return the project with a workflow whose choice waits for an hour."""
    flow = Workflow.model_validate(yaml.safe_load(PATIENT))
    return Project(small.folder, small.catalog, {**small.workflows, "patient-choice": flow})


@pytest.fixture
def play(wide):
    def played(person, *, status="succeeded", **more):
        told = {"id": "one", "workflow": "patient-choice", "model": {"how": "go"}, "person": person}
        expect = {"status": status, "invariants": "default"}
        return runner.run(importing.job({**told, "expect": expect, **more}, wide), engine="driver")

    return played


def test_what_a_person_puts_in_its_place_is_what_the_run_goes_on_with(play):
    result = play({"how": {"override": "stop", "after": "PT59M", "actor": "u-7", "comment": "No."}})

    assert (result.status, result.reason) == ("passed", "")
    assert result.trace.output == {"way": "stop", "who": "person", "why": "No."}
    first, second = result.trace.decisions
    assert (first["choice"], second["choice"]) == ("go", "stop")
    assert (second["overrides"], second["actor"]) == (first["decision_id"], "u-7")
    assert result.trace.calls == ()
    assert result.trace.virtual_s == 59 * 60


def test_an_override_that_comes_too_late_changes_nothing(play):
    result = play({"how": {"override": "stop", "after": "PT61M"}}, services=HELD)

    assert (result.status, result.reason) == ("passed", "")
    assert result.trace.output["way"] == "go"


@pytest.mark.parametrize(("to", "said"), [("go", "was chosen already"), ("never", "was excluded")])
def test_an_option_that_nobody_could_take_is_an_error(play, to, said):
    result = play({"how": {"override": to, "after": "PT1M"}})

    assert (result.status, result.code) == ("error", "answer-impossible")
    assert said in result.reason


def test_an_override_of_a_later_visit_alone_is_told_by_its_number(play):
    result = play({"how~2": {"override": "stop", "after": "PT1M"}}, services=HELD)

    assert result.status == "failed"
    assert "override at 'how~2': answer 1 of 1 was never asked for" in result.reason


def test_only_what_fits_the_data_is_overridden(play):
    result = play({"how": {"override": "stop", "when": {"n": 1}}}, services=HELD)

    assert "was never asked for" in result.reason


def test_a_case_file_tells_what_cannot_be_overridden(desk):
    (told,) = desk.problems(
        desk.case("person: {clerk: {choose: card, override: later}}\nexpect: {status: failed}")
    )
    assert "`choose`, `override` must be told, not 2" in told
    told = desk.problems(
        desk.case("person: {how: {override: crad}, charge: {override: retry}}\nexpect: {status: failed}")
    )
    assert ["'how' has no option 'crad'" in told[0], "makes no choice" in told[1]] == [True, True]
