"""A case passes only when everything holds; whatever is wrong is told in one line."""

import pytest

from evals import runner, stage
from planner.errors import StoreUnavailable

GOOD = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
"""


def expecting(desk, expect, *, answers=GOOD):
    return desk.pay(f"{answers}\nexpect: {expect}")


def test_a_case_passes_when_everything_holds(desk):
    result = expecting(desk, "{status: succeeded, output: {id: c-1}}")
    assert (result.status, result.reason) == ("passed", "")
    assert [check.name for check in result.checks] == ["/status", "/output"]


@pytest.mark.parametrize(
    ("expect", "reason"),
    [
        ("{status: failed}", '/status expected "failed", found "succeeded"'),
        ("{output: {id: c-2}}", '/output/id expected "c-2", found "c-1"'),
        ("{error: {contains: no}}", '/error expected {contains: "no"}, found nothing'),
        ("{decisions: {how: later}}", '/decisions/how expected "later", found "card"'),
        (
            "{decisions: {how: {decided_by: rule}}}",
            '/decisions/how/decided_by expected "rule", found "model"',
        ),
        ("{decisions: {charge: retry}}", '/decisions/charge expected "retry", found nothing'),
        ("{decisions: {how: []}}", '/decisions/how expected [], found ["card"]'),
        (
            "{path: {mode: strict, steps: [seen, how]}}",
            '/path/steps/2 expected {absent: true}, found "charge"',
        ),
        ("{path: [how, seen]}", '/path/steps/1 expected "seen", found ["seen", "how", "charge", "after"]'),
        ("{calls: {bank.charge: 2}}", "/calls/bank.charge expected 2, found 1"),
        ("{calls: {bank.charge: {with: {order: o-2}}}}", "/calls/bank.charge/with/order"),
        ("{calls: {bank.charge: {applied: 0}}}", "/calls/bank.charge/applied expected 0, found 1"),
        (
            "{calls: {bank.charge: {outcome: unknown}}}",
            '/calls/bank.charge/outcome expected "unknown", found "applied"',
        ),
        ("{order: [bank.charge, bank.look]}", '/order/1 expected "bank.look", found'),
        ("{never: [{call: bank.charge}]}", '/never/0 expected "never", found {call: "bank.charge"'),
        ("{never: [{step: charge}]}", '/never/0 expected "never", found {step: "charge"}'),
        ("{never: [{decision: how, choose: card}]}", '/never/0 expected "never", found {decision: "how"'),
        ("{undone: [bank.charge]}", '/undone/0 expected "bank.charge", found nothing'),
        ("{budget: {model_calls: 0}}", "/budget/model_calls expected 0, found 1"),
        ("{budget: {virtual_s: {max: 60}}}", "/budget/virtual_s expected {max: 60}, found 3600.0"),
    ],
)
def test_a_wrong_expectation_fails_with_its_first_difference(desk, expect, reason):
    result = expecting(desk, expect)
    assert result.status == "failed"
    assert result.reason.startswith(reason)


def test_an_unused_answer_fails_the_case(desk):
    result = expecting(desk, "{status: succeeded}", answers=f"{GOOD}  bank.find: {{return: {{items: []}}}}\n")
    assert result.status == "failed"
    assert "operation 'bank.find': answer 1 of 1 was never asked for" in result.reason


def test_an_answer_that_is_used_too_seldom_fails_the_case(desk):
    answers = GOOD.replace("bank.look: {", "bank.look: {times: 2, ")
    result = expecting(desk, "{status: succeeded}", answers=answers)
    assert "answer 1 of 1 was asked for 1 of 2 times" in result.reason


def test_unused_answers_can_be_allowed(desk):
    head = "schema: evals/1\nsuite: small\nworkflow: pay\ndefaults: {unused: ignore}\ncases:\n"
    rest = f"{GOOD}  bank.find: {{return: {{items: []}}}}\nexpect: {{status: succeeded}}"
    assert desk.run(desk.case(rest), head=head).status == "passed"


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        (
            GOOD.replace("  bank.look: {return: {id: l-1, amount: 1}}\n", ""),
            "operation 'bank.look' was asked with",
        ),
        (GOOD.replace("model: {how: card}", "model: {charge: retry}"), "decision point 'how' was asked with"),
        (GOOD.replace("card}", "{choose: card, when: {amount: 6.0}}}"), "/amount expected 6.0, found 5.0"),
        (
            GOOD.replace("{return: {id: c-1, amount: 5.0}}", "{fault: connect}"),
            '{"order":"o-1","amount":5.0}, and its only answer is used up',
        ),
    ],
)
def test_what_nothing_is_written_for_leaves_the_case_unscripted_and_tells_what_was_asked(
    desk, answers, asked
):
    result = expecting(desk, "{status: succeeded}", answers=answers)
    told = (result.status, result.code, result.is_harness_error, result.is_aside)
    assert told == ("unscripted", "script-unmatched", False, False)
    assert asked in result.reason


@pytest.mark.parametrize(
    ("mark", "status"), [("review: pending", "pending"), ("known_failure: {issue: '#1'}", "expected")]
)
def test_an_unscripted_case_that_closes_no_gate_still_closes_none(desk, mark, status):
    assert desk.pay(f"{mark}\nexpect: {{status: succeeded}}").status == status


def test_a_double_charge_is_caught(desk):
    answers = """
    model: {how: card, charge: reconcile}
    services:
      bank.look: {return: {id: l-1, amount: 1}}
      bank.find: {return: {items: []}}
      bank.charge: [{fault: timeout, applied: true}, {return: {id: c-2, amount: 5.0}}]
    expect: {status: succeeded, calls: {bank.charge: {applied: {max: 1}}}}
    """
    result = desk.pay(answers)
    assert result.status == "failed"
    assert result.reason == "/calls/bank.charge/applied expected {max: 1}, found 2"


def test_a_broken_engine_is_an_error_of_the_harness(desk):
    async def broken(_frame, _ctx):
        raise StoreUnavailable("the disk is gone")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "ENGINES", {"broken": broken})
        result = runner.run(
            desk.jobs(desk.case(f"{GOOD}\nexpect: {{status: succeeded}}"))[0], engine="broken"
        )
    assert (result.status, result.is_harness_error) == ("error", True)
    assert result.reason == "StoreUnavailable: the disk is gone"


QUIET = """
model: absent
person: {clerk: later}
services: {bank.look: {return: {id: l, amount: 1}}}
"""


def test_a_case_that_is_known_to_fail_is_expected_and_is_a_failure_once_it_passes(desk):
    known = 'known_failure: {issue: "#12"}\n'

    fails = desk.pay(f"{known}{QUIET}expect: {{status: failed}}")
    passes = desk.pay(f"{known}{QUIET}expect: {{status: succeeded}}")

    assert (fails.status, fails.reason.startswith("#12: /status")) == ("expected", True)
    assert passes.status == "failed"
    assert "it passes, though it is known to fail (#12)" in passes.reason


def test_a_case_with_a_matrix_is_as_many_cases(desk):
    matrix = 'matrix: {axes: {"/services/bank.look/return/amount": [1, 2]}}\n'

    jobs = desk.jobs(desk.case(f"{matrix}{QUIET}expect: {{status: succeeded}}"))

    assert [job.case.id for job in jobs] == ["one-case-amount-1", "one-case-amount-2"]


def test_a_matrix_that_makes_no_cases_is_told_with_its_place(desk):
    matrix = 'matrix: {axes: {"/services/bank.look/fault": [odd]}}\n'

    (problem,) = desk.problems(desk.case(f"{matrix}{QUIET}expect: {{status: succeeded}}"))

    assert "/cases/0/matrix" in problem


def test_a_case_begins_at_a_step_with_what_the_steps_before_gave(desk):
    start = "start: {at: charge, state: {how: {choice: card}}}\n"
    rest = "services: {bank.charge: {return: {id: c-1, amount: 5.0}}}\nexpect: {output: {id: c-1}, path: "

    assert desk.pay(f"{start}{rest}{{mode: strict, steps: [charge, after]}}}}").reason == ""


def test_a_case_that_begins_at_no_step_is_told(desk):
    start = "start: {at: chrage, state: {hwo: {}}}\n"

    problems = desk.problems(desk.case(f"{start}{QUIET}expect: {{status: succeeded}}"))

    assert len([problem for problem in problems if "unknown-step" in problem]) == 2


def test_a_check_of_ones_own_judges_a_case(desk, monkeypatch, tmp_path):
    (tmp_path / "checks_of_the_runner.py").write_text("def whole(case, trace): return f'{trace.status}!'\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    wrong = desk.pay(f"{QUIET}expect: {{custom: ['checks_of_the_runner:whole']}}")
    broken = desk.pay(f"{QUIET}expect: {{custom: ['checks_of_the_runner:gone']}}")

    assert (wrong.status, "succeeded!" in wrong.reason) == ("failed", True)
    assert (broken.status, broken.code) == ("error", "custom-check")


RECORDED = """
recorded:
  run: 01900000-0000-7000-8000-00000000abcd
  catalog: then
  workflows: {pay: {version: 1.0.0, sha256: then}}
model: {how: later}
services: {bank.look: {return: {id: l-1, amount: 1}}}
"""


def test_a_recorded_case_bears_the_id_of_its_run_and_tells_its_drift(desk):
    result = desk.pay(f"{RECORDED}\nexpect: {{status: succeeded}}")
    assert result.status == "passed"
    assert result.trace.run_id == "01900000-0000-7000-8000-00000000abcd"
    first, second = result.drift
    assert first.startswith("workflow pay is 1.0.0 (") or "recorded was 1.0.0 (then)" in first
    assert second.endswith("recorded was then")


def test_a_case_that_nobody_reviewed_does_not_fail(desk):
    result = desk.pay(f"{RECORDED}\nreview: pending\nexpect: {{status: failed}}")
    assert (result.status, result.review) == ("pending", "pending")
    assert result.reason == '/status expected "failed", found "succeeded"'


def test_reviewing_a_case_changes_nothing_of_its_definition(desk):
    pending, accepted = (
        desk.pay(f"{RECORDED}\nreview: {review}\nexpect: {{status: succeeded}}")
        for review in ("pending", "accepted")
    )
    assert pending.definition == accepted.definition
