import time
from datetime import timedelta

import pytest

from tools.access import Breaker
from tools.breakers import Circuit, failed
from tools.outcomes import Outcome

BROKEN = Outcome(kind="unknown", code="timeout")
FINE = Outcome(kind="applied")
NEUTRAL = Outcome(kind="not_sent", code="busy")


def circuit(failures=2, seconds=60.0):
    return Circuit("shop", Breaker(failures=failures, open_for=timedelta(seconds=seconds)))


def call(subject, outcome):
    permit = subject.admit()
    assert permit is not None
    subject.settle(permit, outcome)


def opened(seconds=0.02):
    subject = circuit(failures=1, seconds=seconds)
    call(subject, BROKEN)
    assert subject.state == "open"
    return subject


def half_open():
    subject = opened()
    time.sleep(0.03)
    assert subject.state == "half-open"
    return subject


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (BROKEN, True),
        (Outcome(kind="unknown", code="http_500", status=500), True),
        (Outcome(kind="not_sent", code="http_503", status=503), True),
        (Outcome(kind="not_sent", code="connect"), True),
        (Outcome(kind="not_sent", code="dns"), True),
        (Outcome(kind="not_sent", code="http_429", status=429), False),
        (NEUTRAL, False),
        (Outcome(kind="not_sent", code="secret_missing"), False),
        (Outcome(kind="rejected", code="http_404", status=404), False),
        (Outcome(kind="applied_bad", code="schema", status=200), False),
        (FINE, False),
    ],
)
def test_only_signs_of_ill_health_count_as_failures(outcome, counts):
    assert failed(outcome) is counts


def test_failures_in_a_row_open_it_and_the_refusal_says_why():
    subject = circuit(failures=2)
    call(subject, BROKEN)
    assert subject.refusal() is None
    call(subject, BROKEN)
    assert subject.state == "open"
    assert subject.admit() is None
    assert subject.refusal() == "service 'shop' is left in peace for 60 s because its last 2 calls failed"


def test_an_answer_between_failures_starts_the_count_again():
    subject = circuit(failures=2)
    for outcome in (BROKEN, FINE, BROKEN, Outcome(kind="rejected"), BROKEN):
        call(subject, outcome)
    assert subject.state == "closed"


def test_what_tells_nothing_of_the_service_neither_counts_nor_forgives():
    subject = circuit(failures=2)
    for outcome in (BROKEN, NEUTRAL, None, BROKEN):
        call(subject, outcome)
    assert subject.state == "open"


def test_one_call_at_a_time_tries_a_half_open_circuit():
    subject = half_open()
    trial = subject.admit()
    assert trial is not None
    assert subject.admit() is None
    assert "being tried" in subject.refusal()
    subject.settle(trial, FINE)
    assert (subject.state, subject.refusal()) == ("closed", None)


def test_a_failed_trial_opens_it_again_for_the_whole_time():
    subject = half_open()
    call(subject, BROKEN)
    assert subject.state == "open"
    time.sleep(0.03)
    assert subject.state == "half-open"


@pytest.mark.parametrize("outcome", [None, NEUTRAL])
def test_a_trial_that_told_nothing_leaves_room_for_the_next(outcome):
    subject = half_open()
    call(subject, outcome)
    assert subject.state == "half-open"
    call(subject, FINE)
    assert subject.state == "closed"


def test_looking_at_a_half_open_circuit_uses_up_no_trial():
    subject = half_open()
    assert {subject.refusal() for _ in range(5)} == {None}
    assert subject.admit() is not None


def test_a_call_from_before_the_trial_does_not_decide_it():
    subject = circuit(failures=1, seconds=0.02)
    early_good, early_bad = subject.admit(), subject.admit()
    call(subject, BROKEN)
    time.sleep(0.03)
    trial = subject.admit()
    subject.settle(early_good, FINE)
    assert subject.state == "half-open"
    subject.settle(early_bad, BROKEN)
    assert subject.state == "half-open"
    subject.settle(trial, FINE)
    assert subject.state == "closed"


def test_refusing_often_keeps_no_trace_of_the_callers():
    subject = opened(seconds=60)
    for _ in range(50):
        subject.refusal()
    state = subject._context._state
    assert state.__traceback__ is None
    assert subject._context.messages == []


def test_it_goes_by_the_clock_that_it_is_given():
    seconds = 0.0
    subject = Circuit("shop", Breaker(failures=1, open_for=timedelta(seconds=30)), now=lambda: seconds)
    call(subject, BROKEN)
    seconds = 30.0
    assert subject.state == "open"
    seconds = 30.5
    assert subject.state == "half-open"


def test_a_late_failure_does_not_keep_it_open_for_longer():
    seconds = 0.0
    subject = Circuit("shop", Breaker(failures=1, open_for=timedelta(seconds=30)), now=lambda: seconds)
    late = subject.admit()
    call(subject, BROKEN)
    seconds = 20.0
    subject.settle(late, BROKEN)
    seconds = 30.5
    assert subject.state == "half-open"
