import pytest

from evals import cases, fitness

SERVED = "services: {bank.look: {return: {id: l-1, amount: 1}}}"


def why(desk, rest):
    (job,) = desk.jobs(desk.case(f"{SERVED}\n{rest}"))
    return fitness.unfit(cases.setting(job.loaded.suite, job.case))


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("model: absent\nexpect: {status: succeeded}", "having no model"),
        ("model: {how: {fault: refused}}\nexpect: {status: succeeded}", "(`fault`)"),
        ("model: {how: {content: rubbish}}\nexpect: {status: succeeded}", "(`content`)"),
        ("model: {how: {http: {status: 500}}}\nexpect: {status: succeeded}", "(`http`)"),
        (
            "model: {how: {attempts: [{fault: reset}, {choose: later}]}}\nexpect: {status: succeeded}",
            "(`fault`)",
        ),
        ("model: {how: {choose: cash, undeclared: true}}\nexpect: {status: succeeded}", "(`choose`)"),
        ("model: {how: later}\nexpect: {decisions: {how: {confidence: 0.9}}}", "an exact `confidence`"),
        (
            "model: {how: later}\nexpect: {decisions: {how: {outcome_class: abstained}}}",
            "outcome 'abstained'",
        ),
        ("model: {how: later}\nexpect: {decisions: {how: {decided_by: otherwise}}}", "decides nothing"),
    ],
)
def test_what_only_a_script_does_is_told(desk, rest, told):
    assert told in why(desk, rest)


@pytest.mark.parametrize(
    "rest",
    [
        "model: {how: {choose: later, confidence: 0.4}}\nexpect: {decisions: {how: later}}",
        "model: {how: ask}\nexpect: {decisions: {clerk: {decided_by: otherwise, outcome_class: timeout}}}",
    ],
)
def test_a_choice_can_be_asked_of_a_real_model(desk, rest):
    assert why(desk, rest) is None
