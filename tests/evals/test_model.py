"""The pretended model is asked through the real adapter, so every fault comes out as its class."""

import asyncio

import pytest

from evals.cases import CLOCK
from evals.clock import VirtualClock, VirtualLoop
from evals.model import ScriptedDecider
from planner.decisions import Brief

HEAD = """\
schema: evals/1
suite: small
workflow: pay
defaults:
  services:
    bank.look: {return: {id: l-1, amount: 1}}
    bank.charge: {return: {id: c-1, amount: 5.0}}
  person: {clerk: later}
cases:
"""


def decided(desk, answer):
    result = desk.run(desk.case(f"model: {answer}\nexpect: {{status: succeeded}}"), head=HEAD)
    assert (result.status, result.reason) == ("passed", "")
    return result.trace.decisions[0], result.trace


@pytest.mark.parametrize(
    ("fault", "outcome_class", "requests"),
    [
        ("unavailable", "unavailable", 3),
        ("timeout", "timeout", 1),
        ("rate_limited", "rate_limited", 3),
        ("quota", "quota", 1),
        ("rejected", "rejected", 1),
        ("refused", "refused", 1),
        ("truncated", "truncated", 2),
        ("filtered", "filtered", 1),
        ("rubbish", "invalid", 3),
        ("reset", "unavailable", 3),
    ],
)
def test_every_fault_takes_otherwise_with_its_class(desk, fault, outcome_class, requests):
    decision, trace = decided(desk, f"{{how: {{fault: {fault}}}}}")
    assert (decision["choice"], decision["decided_by"]) == ("ask", "otherwise")
    assert decision["outcome_class"] == outcome_class
    assert trace.model_calls == requests


def test_a_choice_goes_over_the_wire_and_is_marked_as_scripted(desk):
    decision, _ = decided(desk, "{how: {choose: card, reason: It is quick., confidence: 0.8}}")
    assert (decision["choice"], decision["decided_by"]) == ("card", "model")
    assert decision["reason"] == "It is quick."
    assert decision["confidence"]["value"] == 0.8
    assert decision["model"]["system_fingerprint"] == "scripted"
    assert decision["usage"]["input"] > 0


def test_a_choice_without_confidence_or_an_undeclared_one_is_not_usable(desk):
    decision, _ = decided(desk, "{how: {choose: cash, undeclared: true}}")
    assert (decision["choice"], decision["outcome_class"]) == ("ask", "invalid")
    decision, _ = decided(desk, "{how: {choose: card, confidence: null}}")
    assert decision["confidence"] is None


@pytest.mark.parametrize(
    "answer",
    [
        '{content: \'{"reason": "r", "choice": "card", "confidence": 1}\'}',
        '{message: {role: assistant, content: \'{"reason": "r", "choice": "card", "confidence": 1}\'}}',
        "{attempts: [{fault: rubbish}, {fault: unavailable}, {choose: card}]}",
        "{choose: card, delay: PT5S}",
    ],
)
def test_an_answer_can_be_written_as_it_goes_over_the_wire(desk, answer):
    decision, _ = decided(desk, f"{{how: {answer}}}")
    assert decision["choice"] == "card"


@pytest.mark.parametrize(
    ("name", "outcome_class"),
    [
        ("dup_keys", "invalid"),
        ("drip", "timeout"),
        ("tls_error", "unavailable"),
        ("decisions_refusal", "refused"),
    ],
)
def test_every_fault_of_the_registry_can_be_named(desk, name, outcome_class):
    decision, _ = decided(desk, f"{{how: {{fault: {name}}}}}")
    assert (decision["choice"], decision["outcome_class"]) == ("ask", outcome_class)


def test_a_whole_response_can_be_written(desk):
    decision, _ = decided(desk, "{how: {http: {status: 418, text: no tea}}}")
    assert decision["outcome_class"] == "rejected"
    assert decision["attempts"][0]["http_status"] == 418


def test_without_a_model_the_log_says_so(desk):
    decision, trace = decided(desk, "absent")
    assert decision["anomalies"] == ["no_model_configured"]
    assert trace.model_calls == 0


def test_a_late_answer_is_a_timeout_in_virtual_time(desk):
    decision, trace = decided(desk, "{how: {choose: card, delay: PT40S}}")
    assert decision["outcome_class"] == "timeout"
    assert 30 <= trace.virtual_s < 100


def test_too_many_requests_are_an_error(desk):
    rest = "limits: {model_calls: 1}\nmodel: {how: {fault: rubbish}}\nexpect: {status: succeeded}"
    result = desk.run(desk.case(rest), head=HEAD)
    assert (result.status, result.code) == ("error", "limit-reached")


def test_a_case_gives_its_input_whole_so_nothing_is_filled_in():
    async def main():
        clock = VirtualClock(CLOCK)
        async with ScriptedDecider(None, clock=clock, most_calls=1) as decider:
            return await decider.fill(Brief("a goal", {"type": "object"}))

    with asyncio.Runner(loop_factory=VirtualLoop) as loop:
        assert loop.run(main()).outcome_class == "unavailable"
