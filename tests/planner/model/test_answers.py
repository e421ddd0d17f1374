import json

import pytest

from planner.model import answers
from planner.model.answers import Unusable

OFFERED = ("refund", "reship")


def body(**changes):
    message = {"role": "assistant", "content": "{}"}
    top = {
        "id": "c1",
        "model": "m",
        "choices": [{"finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
        **changes,
    }
    return json.dumps(top).encode()


def choice(**changes):
    return json.dumps({"reason": "r", "choice": "refund", "confidence": 0.5, **changes})


def class_of(call, *args):
    with pytest.raises(Unusable) as caught:
        call(*args)
    return caught.value.outcome_class


def test_an_envelope_tells_who_answered_and_what_it_used():
    envelope = answers.read_envelope(body(system_fingerprint="fp"))
    assert (envelope.response_id, envelope.model, envelope.system_fingerprint) == ("c1", "m", "fp")
    assert (envelope.usage.input, envelope.usage.output, envelope.usage.total) == (3, 4, 7)
    assert envelope.anomalies == ()


def test_odd_envelopes_are_read_and_noted():
    envelope = answers.read_envelope(b'{"choices": [{"message": {"content": "x"}}, 5]}')
    assert envelope.content == "x"
    assert envelope.anomalies == ("usage_missing", "id_missing", "two_choices", "finish_null")


@pytest.mark.parametrize("rubbish", [b"", b"  ", b"<html>", b"\xff", b"null", b"[1]", b'"x"', b"[" * 100_000])
def test_what_is_no_envelope_is_unavailable(rubbish):
    assert class_of(answers.read_envelope, rubbish) == "unavailable"


def test_a_filter_wins_over_a_refusal_and_a_refusal_over_a_cut():
    refused = [{"finish_reason": "length", "message": {"refusal": "no", "content": None}}]
    filtered = [{"finish_reason": "content_filter", "message": {"refusal": "no"}}]
    assert class_of(answers.text, answers.read_envelope(body(choices=refused))) == "refused"
    assert class_of(answers.text, answers.read_envelope(body(choices=filtered))) == "filtered"


def test_an_error_inside_a_choice_is_an_error():
    broken = [{"error": {"code": 502, "message": "upstream"}, "message": {"content": "{}"}}]
    assert class_of(answers.text, answers.read_envelope(body(choices=broken))) == "unavailable"


@pytest.mark.parametrize(
    ("error", "status", "outcome_class"),
    [
        ({"error": {"code": "insufficient_quota"}}, 429, "quota"),
        ({"error": {"type": "insufficient_quota"}}, 403, "quota"),
        ({"error": {"type": "invalid_request_error"}}, 429, "rate_limited"),
        ({"error": {"code": "content_filter"}}, 400, "filtered"),
        ({"error": {"innererror": {"code": "content_filter"}}}, 400, "filtered"),
        ({"error": {"code": "content_filter"}}, 500, "unavailable"),
        ({"error": {"code": "429"}}, None, "rate_limited"),
        ({"error": {"code": 401}}, None, "rejected"),
        ({"error": {"code": True}}, None, "unavailable"),
        ({"error": "boom"}, None, "unavailable"),
        ("rate_limit_exceeded", None, "rate_limited"),
        (None, 402, "quota"),
        ([], 418, "rejected"),
    ],
)
def test_an_error_is_classified_by_its_code_and_status(error, status, outcome_class):
    assert answers.error_class(error, status) == outcome_class


def test_an_errors_text_is_one_short_safe_line():
    assert answers.error_text({"error": {"message": "a\n b\u202e"}}) == "a b\\u202e"
    assert answers.error_text({"detail": [{"msg": "field required"}]}) == '[{"msg": "field required"}]'
    assert len(answers.error_text("x" * 5000)) == answers.LONGEST_ERROR


def test_a_choice_that_keeps_the_contract_is_taken():
    assert answers.read_choice(choice(), OFFERED)[:4] == ("refund", "r", 0.5, ())


@pytest.mark.parametrize(
    "content",
    [
        choice(choice="Refund"),
        choice(choice="refund "),
        choice(choice="r\u0435fund"),
        choice(choice="refund\u200b"),
        choice(choice=["refund"]),
        choice(choice=None),
        choice(reason=None),
        choice(extra=1),
        '{"choice": "refund"}',
        '{"choice": "refund", "choice": "reship", "reason": "r", "confidence": 1}',
        '{"reason": "r", "choice": "refund", "confidence": {"a": 1, "a": 2}}',
        "\ufeff" + choice(),
        choice() + choice(),
        f"Here: {choice()}",
        f"```\n{choice()}\n``` done",
        f"<think>a</think><think>b</think>{choice()}",
        "```json\n```",
        "[" * 100_000,
        "",
    ],
    ids=lambda content: content[:40],
)
def test_a_choice_that_breaks_the_contract_is_invalid(content):
    assert class_of(answers.read_choice, content, OFFERED) == "invalid"


@pytest.mark.parametrize(
    ("content", "anomaly"),
    [
        (f"```json\n{choice()}\n```", "repaired_fence"),
        (f"\n```\n{choice()}```\n", "repaired_fence"),
        (f"<think>so\nso</think>\n\n{choice()}", "repaired_think"),
        (f"<thinking>so</thinking>{choice()}", "repaired_think"),
    ],
)
def test_one_fence_or_one_think_block_is_taken_away(content, anomaly):
    assert answers.read_choice(content, OFFERED)[:4] == ("refund", "r", 0.5, (anomaly,))


@pytest.mark.parametrize("value", ['"high"', "1.7", "-0.1", "NaN", "Infinity", "true", "null", "[]", "1e999"])
def test_an_odd_confidence_is_dropped_and_the_choice_kept(value):
    content = f'{{"reason": "r", "choice": "refund", "confidence": {value}}}'
    assert answers.read_choice(content, OFFERED)[:4] == ("refund", "r", None, ("confidence_odd",))


def test_a_form_holds_what_was_asked_and_no_more():
    assert answers.read_form('{"a": 1}', ["a", "b"]).fields == {"a": 1}
    assert class_of(answers.read_form, '{"c": 1}', ["a"]) == "invalid"


def test_cleaning_keeps_what_people_write():
    text = "Größe 10 €\nنمی‌خواهم 👍"
    assert answers.clean(text, 100) == text
    assert answers.clean("\x1b[31m\x00\u2066", 100) == "\\u001b[31m\\u0000\\u2066"
    assert answers.clean("\U000e0041", 100) == "\\U000e0041"


def test_cleaning_never_passes_the_limit():
    assert len(answers.clean("\u202e" * 3000, 2000)) == 2000
    assert answers.clean("abcdef", 4) == "abc…"


def test_a_digest_takes_any_text():
    assert len(answers.text_digest("a\ud800")) == 64
