"""What cases took is told in the explorer's words, so that both tell of the same workflow alike."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from evals import report, runner, taken
from evals.explore import alphabet
from evals.provenance import provenance
from planner.decisions import OutcomeClass
from planner.log.masking import Masking
from tests.evals.conftest import HEAD

LOOK = "bank.look: {return: {id: l-1, amount: 1}}"
LOST = f"""
model: {{how: card, charge: reconcile}}
services:
  {LOOK}
  bank.charge: {{fault: timeout/applied}}
  bank.find: {{return: {{items: [{{id: c-1, amount: 5.0}}]}}}}
expect: {{status: succeeded}}
"""
ASKED = f"""
model: {{how: ask}}
person: {{clerk: never}}
services: {{{LOOK}}}
expect: {{status: succeeded}}
"""


@pytest.fixture
def of(desk):
    """Return the coverage of one case of `pay`."""

    def made(rest):
        jobs = desk.jobs(desk.case(rest))
        desk.file(desk.case(rest), head=HEAD)
        cases = [report.case(runner.run(job, engine="driver"), Masking()) for job in jobs]
        jobs = [
            job._replace(loaded=job.loaded._replace(file=str(desk.where / "small.eval.yaml"))) for job in jobs
        ]
        origin = provenance(jobs, engine="driver", name="n", at=datetime(2026, 1, 1, tzinfo=UTC))
        (found,) = taken.taken([report.document(cases, origin=origin)])
        return found

    return made


def test_a_lost_call_and_the_question_what_to_do_about_it_are_outcomes(of):
    missing = of(LOST).coverage.outcomes.missing

    assert "call bank.charge: timeout" in missing
    assert "call bank.charge: timeout, applied" not in missing
    assert {"ask charge: invalid", "ask charge: fail", "ask how: timeout"} <= set(missing)
    assert "ask charge: reconcile" not in missing


def test_a_question_that_nobody_answers_is_an_outcome_of_its_own(of):
    missing = of(ASKED).coverage.outcomes.missing

    assert "person waiting: nobody answers clerk in time" not in missing
    assert {"person waiting: clerk is answered card", "person waiting: clerk is answered later"} <= set(
        missing
    )


def test_what_the_model_could_not_be_asked_is_no_outcome(of):
    found = of(
        f"model: absent\nperson: {{clerk: later}}\nservices: {{{LOOK}}}\nexpect: {{status: succeeded}}"
    )

    assert "person waiting: clerk is answered later" not in found.coverage.outcomes.missing


def test_the_lines_tell_what_is_missing(of):
    first, *rest = taken.lines(of(LOST))

    assert first.startswith("pay 0.1.0, 1 cases: 4 of 5 steps, ")
    assert any(line.startswith("  no step: clerk") for line in rest)


@pytest.mark.parametrize("outcome", [each for each in get_args(OutcomeClass) if each not in {"ok", "budget"}])
def test_every_class_of_a_models_answer_has_a_word_of_the_explorer(outcome):
    assert alphabet.said(outcome, "card") in alphabet.sayable_words((), is_gated=True)
