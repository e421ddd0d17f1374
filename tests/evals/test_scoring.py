"""Written results are judged by what the cases expect now; what they cannot tell is an error."""

import pytest

from evals import report, runner, scoring
from planner.log.masking import Masking

PAID = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
"""


@pytest.fixture
def scored(desk):
    """Return a function that runs a case and scores it by another one."""

    def scored_(before, after, policy=Masking()):  # noqa: B008 - it is frozen
        result = runner.run(desk.jobs(desk.case(before))[0], engine="driver")
        document = report.document([report.case(result, policy)])
        jobs = desk.jobs(desk.case(after)) if after else []
        return document["cases"][0], scoring.score(document, jobs)

    return scored_


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ("{status: succeeded, calls: {bank.charge: {exactly: 1, applied: 1}}, undone: []}", ""),
        ("{status: failed}", '/status expected "failed", found "succeeded"'),
        ("{budget: {tokens: 0}}", "/budget/tokens expected 0, found 203"),
        ("{decisions: {how: later}}", '/decisions/how expected "later", found "card"'),
        ("{never: [{step: after}]}", '/never/0 expected "never", found {step: "after"}'),
    ],
)
def test_a_case_is_judged_as_if_it_had_been_run_with_these_expectations(desk, scored, expect, reason):
    _, found = scored(f"{PAID}\nexpect: {{status: succeeded}}", f"{PAID}\nexpect: {expect}")
    again = desk.pay(f"{PAID}\nexpect: {expect}")
    case = found["cases"][0]
    assert (case["status"], case["definition"]) == (again.status, again.definition)
    assert case["reason"].partition(", found")[0] == reason.partition(", found")[0]
    assert case["checks"] == [check.model_dump(mode="json") for check in again.checks]
    assert found["totals"]["failed"] == (1 if reason else 0)


def test_results_that_are_scored_stay_as_they_were(scored):
    before, found = scored(f"{PAID}\nexpect: {{status: succeeded}}", f"{PAID}\nexpect: {{status: failed}}")
    assert (before["status"], found["cases"][0]["status"]) == ("passed", "failed")
    assert found["sha256"] == report.sealed(found)["sha256"]


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (None, "not in the files any more"),
        (f"seed: 8\n{PAID}\nexpect: {{status: succeeded}}", "changed; run it again"),
        (f"{PAID}\nexpect: {{invariants: default}}", "invariants were not looked at"),
    ],
)
def test_what_was_not_written_down_cannot_be_judged(scored, after, why):
    _, found = scored(f"{PAID}\nexpect: {{status: succeeded}}", after)
    case = found["cases"][0]
    assert (case["status"], case["code"], why in case["reason"]) == ("error", "case-stale", True)


def test_what_was_masked_is_not_compared(scored):
    policy = Masking(never=("id",))
    _, found = scored(
        f"{PAID}\nexpect: {{status: succeeded}}", f"{PAID}\nexpect: {{output: {{id: c-1}}}}", policy
    )
    assert "/output is about was masked" in found["cases"][0]["reason"]


def test_unused_answers_stay_a_failure(scored):
    unused = PAID.replace("services:", "person: {clerk: later}\nservices:")
    _, found = scored(f"{unused}\nexpect: {{status: succeeded}}", f"{unused}\nexpect: {{error: null}}")
    assert found["cases"][0]["reason"].startswith("/unused")


def test_a_known_failure_counts_as_expected(scored):
    _, found = scored(
        f"{PAID}\nexpect: {{status: succeeded}}",
        f"{PAID}\nknown_failure: {{issue: '#1'}}\nexpect: {{status: failed}}",
    )
    assert found["totals"]["expected"] == 1


def test_a_case_that_broke_off_stays_as_it_was(scored):
    before, found = scored("expect: {status: failed}", "expect: {status: succeeded}")
    assert (before["status"], found["cases"]) == ("unscripted", [before])
    assert found["totals"]["unscripted"] == 1
