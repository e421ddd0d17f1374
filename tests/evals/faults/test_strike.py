"""A strike follows a way to a place, meets its fault there over the real client, and goes on."""

import asyncio

import pytest

from evals.clock import VirtualLoop, contained
from evals.explore.search import Bounds
from evals.faults import sites, strike
from evals.faults.classes import SERVICE_CLASSES
from evals.faults.sites import Place
from evals.faults.strike import Strike

BY_NAME = {each.name: each for each in SERVICE_CLASSES}


@pytest.fixture
def struck(subject):
    def play(place, fault, *, at=None):
        site = sites.find(subject, Bounds(faults=1)).reached[place]
        path = Strike(subject, site, at or place, fault=fault)
        with contained(), asyncio.Runner(loop_factory=VirtualLoop) as loop:
            ended, history = loop.run(strike.play(path))
        return path, ended, history

    return play


def test_a_service_fault_is_met_once_and_the_run_goes_on(struck):
    path, ended, history = struck(
        Place("call", "held", "bank.hold"), BY_NAME["unavailable/not_applied"].answer
    )

    assert (path.outcome.kind, path.is_struck, ended.status) == ("not_sent", True, "succeeded")
    assert [call.operation for call in history.calls][:2] == ["bank.hold", "bank.hold"]


def test_a_fault_of_the_model_stays_for_one_whole_decision(struck):
    path, ended, history = struck(Place("decision", "inner.which"), strike.model_fault("http_500"))

    assert (path.answer.outcome_class, len(path.answer.attempts), path.decision_spot) == (
        "unavailable",
        3,
        "inner.which",
    )
    (made,) = history.decisions
    assert (made["choice"], made["decided_by"], ended.status) == ("that", "otherwise", "succeeded")


def test_a_path_that_goes_past_the_place_meets_nothing(struck):
    fault = BY_NAME["refuse"].answer
    path, _, _ = struck(
        Place("call", "inner.refund", "bank.refund"), fault, at=Place("call", "x", "bank.find")
    )

    assert not path.is_struck
