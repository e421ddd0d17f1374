import base64
import json
import re
import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook as Verifier

from planner.clock import SystemClock, random_bytes
from planner.webhooks import Answered, Delivery, NewWebhook, after, body, headers, is_private, new_secret

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def delivery(**fields):
    return Delivery(
        **{"id": "d-1", "webhook_id": "w-1", "kind": "run.failed", "at": AT, "next_at": AT} | fields
    )


def test_a_message_is_verified_by_the_reference_library():
    now, secret = SystemClock().now(), new_secret(random_bytes)
    text = body("run.failed", AT, {"id": "r-1"}, json.dumps)

    found = Verifier(secret).verify(text, headers("d-1", secret, text, now))

    assert found == {"type": "run.failed", "timestamp": "2026-03-01T12:00:00Z", "data": {"id": "r-1"}}


def test_a_message_is_verified_by_the_receiver_of_the_documentation(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    (example,) = (part for part in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def " in part)
    (tmp_path / "receiver.py").write_text(example)
    verified = runpy.run_path(str(tmp_path / "receiver.py"))["verified"]
    now, secret = SystemClock().now(), new_secret(random_bytes)
    text = body("run.failed", AT, {"id": "r-\u00fc"}, json.dumps)
    signed = headers("d-1", secret, text, now)

    assert verified(secret, text.encode(), signed)["data"] == {"id": "r-\u00fc"}
    for wrong, why in (
        ((secret, text.encode() + b" ", signed), "not signed"),
        ((new_secret(random_bytes), text.encode(), signed), "not signed"),
        ((secret, text.encode(), headers("d-1", secret, text, AT)), "too old"),
    ):
        with pytest.raises(ValueError, match=why):
            verified(*wrong)


def test_a_secret_is_as_long_as_the_specification_wants():
    secret = new_secret(random_bytes)

    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    assert new_secret(random_bytes) != secret


def test_a_message_that_was_taken_is_sent_no_more():
    done = after(delivery(), Answered(204, "answered 204"), AT, 0.5)

    assert (done.state, done.attempts, done.next_at, done.last_answer) == (
        "delivered",
        1,
        None,
        "answered 204",
    )


def test_a_message_that_was_not_taken_is_sent_later_and_later_and_given_up_in_the_end():
    held, pauses = delivery(), []
    while held.state == "waiting":
        held = after(held, Answered(500, "answered 500"), AT, 0.0)
        pauses.append(held.next_at and held.next_at - AT)

    assert pauses[:3] == [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)]
    assert pauses[:-1] == sorted(pauses[:-1])
    assert (held.state, held.attempts, held.next_at) == ("dead", 10, None)


def test_pauses_are_spread():
    held = after(delivery(), Answered(None, "no answer"), AT, 1.0)

    assert held.next_at - AT == timedelta(seconds=5.5)


def test_a_receiver_says_how_long_it_wants_to_be_left_alone():
    hour = after(delivery(), Answered(429, "answered 429", timedelta(hours=1)), AT, 0.0)
    year = after(delivery(), Answered(503, "answered 503", timedelta(days=365)), AT, 0.0)

    assert (hour.next_at - AT, year.next_at - AT) == (timedelta(hours=1), timedelta(hours=24))


def test_a_receiver_that_is_gone_is_tried_no_more():
    assert after(delivery(), Answered(410, "answered 410"), AT, 0.0).state == "dead"


def test_a_redirect_is_no_success():
    assert after(delivery(), Answered(302, "answered 302"), AT, 0.0).state == "waiting"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "example.com",
        "https://",
        "https://u:p@example.com/",
        "https://h:a/",
        "https://h:70000/",
        "https://h:0/",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValidationError):
        NewWebhook(url=url, kinds=("run.failed",))


@pytest.mark.parametrize("port", ["a", "0", "70000"])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(ValidationError, match=r"[Pp]ort"):
        NewWebhook(url=f"https://example.com:{port}/", kinds=("run.failed",))


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("[::1]", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("8.8.8.8", False),
        ("example.com", False),
    ],
)
def test_private_addresses_are_known(host, private):
    assert is_private(host) is private
