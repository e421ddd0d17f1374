"""Pretended services: the wire, the checks and the breakers behind it are the real ones."""

import pytest

from evals import services
from tools.access import Process, Service
from tools.catalog import Catalog
from tools.operations import FunctionBinding, McpBinding, Operation

HEAD = """\
schema: evals/1
suite: small
workflow: pay
defaults:
  model: {how: card, charge: fail}
  services:
    bank.look: {return: {id: l-1, amount: 1}}
    bank.find: {return: {items: []}, times: forever}
    bank.refund: {return: {id: f-1, amount: 5.0}}
  person: {"undo:charge": leave}
cases:
"""


def paid(desk, answers):
    rest = f"services: {{bank.charge: {answers}}}\nexpect: {{status: {{present: true}}}}"
    return desk.run(desk.case(rest), head=HEAD)


@pytest.mark.parametrize(
    ("answer", "outcome", "code", "applied"),
    [
        ("{return: {id: c-1, amount: 5.0}}", "applied", None, True),
        ("{fault: refuse}", "rejected", "http_422", False),
        ("{fault: refuse, body: {detail: no money}}", "rejected", "http_422", False),
        ("{fault: timeout, applied: true}", "unknown", "timeout", True),
        ("{fault: timeout, applied: false}", "unknown", "timeout", False),
        ("{fault: reset, applied: true}", "unknown", "reset", True),
        ("{fault: timeout/applied}", "unknown", "timeout", True),
        ("{fault: timeout/not_applied}", "unknown", "timeout", False),
        ("{fault: html}", "applied_bad", "body", True),
        ("{fault: connect, times: 3}", "not_sent", "connect", False),
        ("{fault: unavailable, times: 3}", "not_sent", "http_503", False),
        ("{fault: 'status:404'}", "rejected", "http_404", False),
        ("{status: 502, applied: false}", "unknown", "http_502", False),
        ("{status: 409, body: taken}", "rejected", "http_409", False),
        ("{fault: wrong_body}", "applied_bad", "schema", True),
        ("{fault: wrong_body, body: {id: c-1, amount: 6.0}}", "applied_bad", "check", True),
        ("{return: {id: c-1, amount: 6.0}, check: false}", "applied_bad", "check", True),
        ("{outcome: {kind: unknown, code: crash}, applied: true}", "unknown", "crash", True),
        ("{outcome: {kind: rejected, code: policy}}", "rejected", "policy", False),
        ("{return: {id: c-1, amount: 5.0}, delay: PT3S}", "unknown", "timeout", True),
        ("{return: {id: c-1, amount: 5.0}, delay: PT1S}", "applied", None, True),
    ],
)
def test_an_answer_is_classified_as_a_real_one(desk, answer, outcome, code, applied):
    call = next(each for each in paid(desk, answer).trace.calls if each.operation == "bank.charge")
    assert (call.outcome, call.code, call.applied) == (outcome, code, applied)
    assert call.arguments == {"order": "o-1", "amount": 5.0}


def test_a_value_that_the_service_could_not_give_is_an_error(desk):
    result = paid(desk, "{return: {id: c-1, amount: 6.0}}")
    assert (result.status, result.code) == ("error", "answer-impossible")
    assert "check does not hold" in result.reason
    assert "check: false" in result.reason


def test_a_wrong_body_that_is_right_is_an_error(desk):
    result = paid(desk, "{fault: wrong_body, body: {id: c-1, amount: 5.0}}")
    assert result.code == "answer-impossible"
    assert "meant to be wrong" in result.reason


def test_arguments_that_do_not_fit_never_leave(desk):
    cases = """
    - id: badly-typed
      workflow: patient
      input: {order: 5}
      expect: {status: succeeded, calls: {bank.hold: 0}, decisions: {first: skip, second: skip, third: skip}}
    """
    result = desk.run(cases)
    assert (result.status, result.reason) == ("passed", "")
    assert {(call.code, call.sent) for call in result.trace.calls} == {("arguments", False)}


def test_answers_are_found_by_the_arguments(desk):
    cases = """
    - id: two-orders
      workflow: each
      input: {orders: [a, b]}
      services:
        bank.hold:
        - {when: {order: b}, return: {id: of-b, amount: 0}}
        - {when: {order: a}, return: {id: of-a, amount: 0}}
        clerk.stamp: {return: ok}
      model: {all.nod: [{when: {order: b}, choose: stop}, {when: {order: a}, choose: go}]}
      expect:
        output:
          all:
          - {held: {id: of-a, amount: 0}, nod: {json_subset: {choice: go}}}
          - {json_subset: {held: {id: of-b}}}
        decisions: {"all[0].nod": go, "all[1].nod": stop, all.nod: [{}, {}]}
    """
    result = desk.run(cases)
    assert (result.status, result.reason) == ("passed", "")


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        ("{return: fine}", "applied", None),
        ("{fault: refuse}", "rejected", "http_422"),
        ("{fault: connect, times: 3}", "not_sent", "connect"),
        ("{fault: unavailable, times: 3}", "not_sent", "http_503"),
        ("{fault: reset, times: 3}", "unknown", "reset"),
        ("{fault: timeout, times: 3}", "unknown", "timeout"),
        ("{fault: 'status:500', times: 3}", "unknown", "http_500"),
    ],
)
def test_python_functions_are_pretended_likewise(desk, answer, outcome, code):
    cases = f"""
    - id: stamped
      workflow: stamped
      input: {{text: a long text}}
      services: {{clerk.stamp: {answer}}}
      expect: {{status: {{present: true}}}}
    """
    result = desk.run(cases)
    call = result.trace.calls[0]
    assert (call.outcome, call.code) == (outcome, code)


def test_a_breaker_opens_and_closes_again_in_virtual_time(desk):
    cases = """
    - id: down-for-a-while
      workflow: patient
      input: {order: o-1}
      services: {bank.hold: [{fault: connect, times: 5}, {return: {id: h-1, amount: 0}}]}
      expect: {status: succeeded, decisions: {first: skip, second: skip}, calls: {bank.hold: 6}}
    """
    result = desk.run(cases)
    assert (result.status, result.reason) == ("passed", "")
    assert [call.code for call in result.trace.calls] == ["connect"] * 5 + ["breaker_open", None]


def test_too_many_calls_are_an_error(desk):
    rest = "limits: {service_calls: 1}\nservices: {bank.charge: {fault: refuse}}\nexpect: {status: failed}"
    result = desk.run(desk.case(rest), head=HEAD)
    assert (result.status, result.code) == ("error", "limit-reached")


def test_a_function_that_nothing_is_written_for_is_an_error(desk):
    cases = """
    - id: stamped
      workflow: stamped
      input: {text: a long text}
      expect: {status: succeeded}
    """
    result = desk.run(cases)
    assert (result.status, result.code) == ("unscripted", "script-unmatched")
    assert "operation 'clerk.stamp' was asked with" in result.reason


@pytest.mark.parametrize(
    "binding", [McpBinding(tool="say"), FunctionBinding(target="a:b")], ids=["tool", "function"]
)
def test_whatever_is_not_called_over_http_is_pretended_in_this_process(binding):
    service = Service(name="desk", process=Process(command=("serve",), folder="/"))
    operation = Operation(name="desk.say", service="desk", binding=binding)

    found = services._pretended(Catalog({"desk.say": operation}, {"desk": service}), has_breakers=True)

    assert found.operation("desk.say").binding.target == "evals.services:answered"
    assert found.services["desk"].process is None
