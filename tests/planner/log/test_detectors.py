import time

import pytest

from planner.log import detectors
from planner.log.detectors import NAMES, scrub


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("key sk-proj-abcdefghijklmnop1234", ["api_key"]),
        ("AKIAIOSFODNN7EXAMPLE", ["api_key"]),
        ("ghp_0123456789abcdefghijklmnopqrstuvwxyz", ["api_key"]),
        ("xoxb-1234567890-abcdefghij", ["api_key"]),
        ("sk_live_0123456789abcdef", ["api_key"]),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", ["jwt"]),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIC\n-----END RSA PRIVATE KEY-----", ["pem"]),
        ("-----BEGIN PRIVATE KEY-----\nthat was cut off", ["pem"]),
        ("curl -H 'Authorization: Bearer abcdefgh12345678'", ["bearer", "named"]),
        ("bearer\nabcdefgh12345678", ["bearer"]),
        ("Basic dXNlcjpwYXNzd29yZA==", ["bearer"]),
        ('{"client_secret": "hunter 2", "a": 1}', ["named"]),
        ("db_password = hunter2 and more", ["named"]),
        ("?api_key=abc123&x=1", ["named"]),
        ("accessToken: abc123", ["named"]),
        ("{token_v2=abc123}", ["named"]),
        ("card 4111 1111 1111 1111 thanks", ["card"]),
        ("378282246310005", ["card"]),
        ("pay to DE89 3704 0044 0532 0130 00 now", ["iban"]),
        ("GB82WEST12345698765432", ["iban"]),
        ("write to ann@example.org", ["email"]),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text, names):
    found = scrub(text, NAMES)

    assert list(found.names) == names
    assert all(f"[masked:{name}]" in found.text for name in names[-1:])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "The refund did not go through; try again after 30 minutes.",
        "order 4111111111111112 has no right check digit",
        "run 01900000-0000-7000-8000-000000000001",
        "4242-4242-4242-4242-1 is too long to be",
        "2026-03-01T12:00:00.123456Z and 1764000000000000",
        "DE89370400440532013001",
        "its guard is false: order.total <= 200.0",
        "the token was refused, and so was the password",
        "basic trust",
        "compass: north, keyboard=us, tokenize: yes",
        "asked for tokens: 4 of 5",
    ],
)
def test_what_is_none_stays(text):
    assert scrub(text, NAMES) == (text, ())


def test_the_words_around_stay():
    found = scrub("use card 4111111111111111, then 5555 5555 5555 4444.", NAMES)

    assert found.text == "use card [masked:card], then [masked:card]."


def test_only_what_is_enabled_is_looked_for():
    text = "ann@example.org has 4111111111111111"

    assert scrub(text, ["email"]).text == "[masked:email] has 4111111111111111"


def test_what_is_worthwhile_never_leaves_out_what_would_be_found():
    for text in (
        "sk-abcdefghijklmnop1234",
        "4111 1111 1111 1111",
        "GB82WEST12345698765432",
        "a@b.de",
        "pwd=x12345",
    ):
        assert set(scrub(text, NAMES).names) <= set(detectors.worthwhile(f'{{"a":"{text}"}}', NAMES))


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1",
        "1 ",
        "password",
        "A1",
        "A1 ",
        "eyJ",
        "-eyJ",
        "eyJaaaaaa.",
        "-----BEGIN ",
        "a@",
        "a.",
        "=",
        "key:",
        "a_",
        "token_",
        "token-a",
        'token="',
        "token = ",
        "bearer ",
        "sk-",
        "SG.a",
        "4111 ",
        " ",
        "\\",
    ],
)
def test_a_long_text_is_searched_in_linear_time(unit):
    began = time.process_time()
    for tail in ("", "@", "=x", "."):
        scrub(unit * (50_000 // len(unit)) + tail, NAMES)

    assert time.process_time() - began < 5
