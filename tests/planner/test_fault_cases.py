"""The fault suite: every fault, alone and in company, must end in its class, in time, and in nothing else."""

import asyncio
import re
import ssl
import time
from pathlib import Path

import httpx2
import pytest

from planner import fault_cases, faulty
from planner.decisions import Answer, Offered, Question
from planner.model import Model
from planner.settings import ModelSettings
from planner.testing import FrozenClock

DOC = Path(__file__).resolve().parents[2] / "docs" / "model.md"
TLS = ssl.create_default_context()
FAULTS = {fault.name: fault for fault in fault_cases.every()}
QUICK = [fault for fault in FAULTS.values() if not fault.slow]
SLOW = [fault for fault in FAULTS.values() if fault.slow]
GOOD = "refund_money"
QUESTION = Question(
    point="late-order/resolve",
    question="How should this customer be made whole?",
    goal="Settle the complaint.",
    given={"message": "Where is it?"},
    options=(Offered(id=GOOD, means="Pay it back."), Offered(id="reship", means="Send it again.")),
)
PAIRS = [
    ("http_503_retry_after", "reset_before_headers"),
    ("plain_text", "http_500"),
    ("finish_length", "finish_length"),
    ("http_429_retry_after", "dup_keys"),
    ("empty_body", "choices_null"),
    ("html_login_page", "wrong_enum"),
    ("close_before_headers", "http_429_insufficient_quota"),
    ("json_null", "http_401"),
    ("http_529", "refusal"),
    ("body_short", "http_400_content_filter"),
]


def ask(*faults, forever=False, deadline=5.0, attempts=3):
    async def main():
        client = httpx2.AsyncClient(verify=TLS)
        async with client, faulty.endpoint(faults, forever=forever) as served:
            config = ModelSettings(
                base_url=served.base_url, name="m", deadline_seconds=deadline, max_attempts=attempts
            )
            async with Model(config, clock=FrozenClock(), http_client=client) as model:
                began = time.perf_counter()
                answer = await model.choose(QUESTION)
                return answer, len(served.requests), time.perf_counter() - began

    answer, requests, seconds = asyncio.run(main())
    assert isinstance(answer, Answer)
    assert requests <= attempts
    assert len(answer.attempts) <= attempts
    assert seconds < deadline + 0.5
    assert (answer.choice is not None) == (answer.outcome_class == "ok")
    assert answer.choice in {None, GOOD}
    return answer, requests


@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_a_fault_on_every_attempt_ends_in_its_class(fault):
    answer, requests = ask(fault, forever=True)
    assert answer.outcome_class == fault.outcome_class, answer
    assert all(attempt.outcome_class == fault.outcome_class for attempt in answer.attempts)
    if fault.anomaly:
        assert fault.anomaly in answer.anomalies
    if not fault.recovers:
        assert requests == 1
    elif fault.outcome_class == "truncated":
        assert requests == 2
    else:
        assert requests == 3


@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_a_fault_on_the_first_attempt_is_recovered_from_where_that_is_right(fault):
    answer, _ = ask(fault)
    expected = "ok" if fault.recovers else fault.outcome_class
    assert answer.outcome_class == expected, answer
    assert answer.attempts[0].outcome_class == fault.outcome_class


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.name)
def test_what_never_ends_is_ended_by_the_deadline(fault):
    answer, _ = ask(fault, deadline=0.3)
    assert answer.outcome_class == "timeout"
    assert answer.attempts[-1].outcome_class == "timeout"


@pytest.mark.parametrize("pair", PAIRS, ids=" then ".join)
def test_two_faults_in_a_row_end_in_the_class_of_the_last_or_in_an_answer(pair):
    first, second = (FAULTS[name] for name in pair)
    answer, requests = ask(first, second)
    ends = not second.recovers or pair == ("finish_length", "finish_length")
    assert answer.outcome_class == (second.outcome_class if ends else "ok")
    assert requests == (2 if ends else 3)
    assert [attempt.outcome_class for attempt in answer.attempts[:2]] == [
        first.outcome_class,
        second.outcome_class,
    ]


def test_the_names_of_the_faults_are_their_own():
    assert len(FAULTS) == len(fault_cases.every())
    assert len(FAULTS) >= 100


def test_a_good_server_is_answered_at_once():
    answer, requests = ask(None)
    assert (answer.outcome_class, answer.choice, requests) == ("ok", GOOD, 1)
    assert answer.anomalies == ()
    assert answer.raw_output is None


def test_the_documented_table_is_the_registry():
    written = DOC.read_text(encoding="utf-8").splitlines()
    assert [line for line in written if line in set(fault_cases.table())] == fault_cases.table()


def test_every_anomaly_is_documented():
    noted = {fault.anomaly for fault in FAULTS.values() if fault.anomaly}
    written = set(re.findall(r"^\| `(\w+)` \| \D", DOC.read_text(encoding="utf-8"), re.MULTILINE))
    assert noted <= written
