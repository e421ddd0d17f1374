"""Pretended persons answer after their time, too late, never, or impossibly."""

HEAD = """\
schema: evals/1
suite: small
workflow: pay
defaults:
  model: {how: ask}
  services:
    bank.look: {return: {id: l-1, amount: 1}}
    bank.charge: {return: {id: c-1, amount: 5.0}}
cases:
"""


def asked(desk, rest):
    return desk.run(desk.case(rest), head=HEAD)


def test_an_answer_comes_after_its_time(desk):
    result = asked(
        desk,
        "person: {clerk: {choose: card, after: PT30M, actor: u-9, comment: fine}}\n"
        "expect: {status: succeeded, decisions: {how: ask, clerk: {choose: card, actor: u-9, reason: fine}},"
        " calls: {bank.charge: 1}, budget: {virtual_s: {min: 5400, max: 5401}}}",
    )
    assert (result.status, result.reason) == ("passed", "")
    assert result.trace.executions == 3


def test_the_deadline_comes_before_an_answer_that_is_too_late(desk):
    result = asked(
        desk,
        "person: {clerk: {choose: card, after: PT1H}}\n"
        "expect: {status: succeeded, decisions: {how: ask, clerk: {choose: later, outcome_class: timeout}}}",
    )
    assert (result.status, result.reason) == ("passed", "")


def test_nobody_answers(desk):
    result = asked(
        desk,
        "person: {clerk: never}\n"
        "expect: {status: succeeded, decisions: {how: ask, clerk: {decided_by: otherwise}}}",
    )
    assert (result.status, result.reason) == ("passed", "")


def test_a_question_that_nothing_is_written_for_is_an_error(desk):
    result = asked(desk, "expect: {status: succeeded}")
    assert (result.status, result.code) == ("unscripted", "script-unmatched")
    assert "question to a person at 'clerk'" in result.reason


def test_an_answer_that_was_not_offered_is_an_error(desk):
    cases = """
    - id: recover-by-hand
      input: {order: o-1, amount: 500.0}
      model: {how: card, charge: person}
      services: {bank.charge: {fault: refuse}}
      person: {charge: applied}
      expect: {status: failed}
    """
    result = desk.run(cases, head=HEAD)
    assert (result.status, result.code) == ("error", "answer-impossible")
    assert "a person cannot answer 'applied' at 'charge': it is not among the options" in result.reason


def test_a_value_that_does_not_fit_the_operation_is_an_error(desk):
    cases = """
    - id: told-by-a-person
      input: {order: o-1, amount: 5.0}
      model: {how: card, charge: person}
      services: {bank.charge: {fault: timeout, applied: true}}
      person: {charge: {choose: applied, value: {id: 5}}}
      expect: {status: succeeded}
    """
    result = desk.run(cases, head=HEAD)
    assert (result.status, result.code) == ("error", "answer-impossible")


def test_a_run_that_only_a_person_could_move_waits(desk):
    cases = """
    - id: waits-for-ever
      input: {order: o-1, amount: 5.0}
      model: {how: card, charge: person}
      services: {bank.charge: {fault: timeout, applied: true}}
      person: {charge: never}
      expect: {status: waiting, decisions: {how: card, charge: person}}
    """
    result = desk.run(cases, head=HEAD)
    assert (result.status, result.reason) == ("passed", "")
