import inspect
from datetime import UTC, datetime

import httpx2
import openai
import pytest

from planner.model import faults
from planner.model.faults import CLASSES, STATUS_CLASSES, Fault, class_of, mapped, retry_after, wire_of

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
REQUEST = httpx2.Request("POST", "http://model.test/v1/chat/completions")
ELSEWHERE = {"SubjectTokenProviderError"}
"""What only workload identities raise, which are not used; still mapped, as any OpenAIError is."""


def every_exception():
    named = [getattr(openai, name) for name in openai.__all__]
    found = {value for value in [*named, *vars(openai._exceptions).values()] if inspect.isclass(value)}
    raised = [kind for kind in found if issubclass(kind, Exception)]
    return sorted(raised, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", every_exception(), ids=lambda kind: kind.__name__)
def test_every_exception_of_the_sdk_is_mapped_by_name(kind):
    assert kind in CLASSES or kind in STATUS_CLASSES or kind.__name__ in ELSEWHERE


def test_the_walk_meets_the_exceptions_that_matter():
    names = {kind.__name__ for kind in every_exception()}
    assert {"APITimeoutError", "RateLimitError", "OAuthError", "LengthFinishReasonError"} <= names
    assert len(names) >= 20


def test_an_exception_that_the_sdk_adds_tomorrow_is_still_caught():
    class Tomorrow(openai.OpenAIError):
        pass

    with pytest.raises(Fault) as caught, mapped(now=NOW):
        raise Tomorrow
    assert caught.value.outcome_class == "rejected"


@pytest.mark.parametrize("name", sorted(set(httpx2._exceptions.__all__)))
def test_every_exception_of_the_transport_has_a_class(name):
    kind = getattr(httpx2, name)
    expected = "timeout" if issubclass(kind, httpx2.TimeoutException) else "unavailable"
    assert class_of(kind) == ("rejected" if kind is httpx2.InvalidURL else expected)


@pytest.mark.parametrize(
    ("kind", "status"), [(kind, status) for kind, status in STATUS_CLASSES.items() if status]
)
def test_an_exception_with_a_status_is_classified_by_it(kind, status):
    response = httpx2.Response(status, request=REQUEST, json={"error": {"message": "no"}})
    with pytest.raises(Fault) as caught, mapped(now=NOW):
        raise (
            kind("no", response=response, body=None)
            if kind is not openai.OAuthError
            else kind(response=response, body=None)
        )
    assert caught.value.wire.status == status
    expected = {409: "unavailable", 429: "rate_limited"}.get(status, "rejected")
    assert caught.value.outcome_class == expected


@pytest.mark.parametrize("raised", [AttributeError("x"), TypeError("x"), IndexError("x"), KeyError("x")])
def test_what_a_malformed_envelope_makes_an_sdk_raise_does_not_leak(raised):
    with pytest.raises(Fault) as caught, mapped(now=NOW):
        raise raised
    assert caught.value.outcome_class == "unavailable"
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("raised", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_what_is_no_fault_of_an_endpoint_passes(raised):
    with pytest.raises(raised), mapped(now=NOW):
        raise raised


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 05 Jan 2026 12:00:07 GMT"}, 7.0),
        ({"retry-after": "Mon, 05 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 05 Jan 2026 12:00:07"}, None),
        ({"retry-after": "Tue, 06 Jan 2032 00:00:09 GMT", "date": "Tue, 06 Jan 2032 00:00:00 GMT"}, 9.0),
    ],
)
def test_a_pause_is_read_in_every_form_that_servers_write(headers, seconds):
    assert retry_after(httpx2.Headers(headers), now=NOW) == seconds


def test_the_wire_tells_whether_to_try_again_and_who_answered():
    headers = {"x-should-retry": "False", "x-request-id": "r\u202e1"}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    wire = wire_of(httpx2.Response(500, headers=raw), now=NOW)
    assert (wire.status, wire.should_retry) == (500, False)
    assert wire.request_id == "r\\u202e1"
    assert wire_of(httpx2.Response(500, headers={"x-should-retry": "perhaps"}), now=NOW).should_retry is None


def test_a_body_over_the_limit_is_an_answer_that_cannot_be_used():
    with pytest.raises(Fault) as caught, mapped(now=NOW):
        raise openai.APIConnectionError(request=REQUEST) from faults.BodyTooLong("long", request=REQUEST)
    assert caught.value.outcome_class == "invalid"
