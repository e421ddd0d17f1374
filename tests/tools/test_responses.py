import pytest

from tools import responses
from tools.access import Service
from tools.operations import HttpBinding, Operation
from tools.responses import Answer

OBJECT = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
JSON = {"content-type": "application/json"}
SERVICE = Service(name="shop", base_url="http://shop.invalid")


def classify(status, body=b"", headers=None, *, service=SERVICE, fault=None, arguments=None, **changes):
    binding = HttpBinding(method="POST", path="/", **changes.pop("binding", {}))
    operation = Operation(name="shop.order", service="shop", binding=binding, **changes)
    answer = Answer(status, JSON if headers is None else headers, body, fault)
    return responses.classify(operation, service, answer, arguments or {})


def found(outcome):
    return outcome.kind, outcome.code


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "applied"),
        (299, "applied"),
        (100, "rejected"),
        (304, "rejected"),
        (307, "rejected"),
        (400, "rejected"),
        (404, "rejected"),
        (409, "rejected"),
        (418, "rejected"),
        (408, "unknown"),
        (429, "not_sent"),
        (500, "unknown"),
        (501, "unknown"),
        (502, "unknown"),
        (503, "not_sent"),
        (504, "unknown"),
        (599, "unknown"),
    ],
)
@pytest.mark.parametrize("effect", ["read", "idempotent", "keyed", "write", "irreversible"])
def test_a_status_has_one_class_whatever_the_effect(status, kind, effect):
    outcome = classify(status, b"{}", effect=effect)
    assert (outcome.kind, outcome.status) == (kind, status)
    assert outcome.code == (None if kind == "applied" else f"http_{status}")


def test_a_service_may_say_which_statuses_mean_that_nothing_was_done():
    doubtful = SERVICE.model_copy(update={"not_processed": (429,)})
    assert classify(503, service=doubtful).kind == "unknown"
    assert classify(503, binding={"not_processed": (409,)}).kind == "unknown"
    assert classify(409, binding={"not_processed": (409,)}).kind == "not_sent"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 120 ", 120),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("nan", None),
        ("9" * 40, None),
        ("", None),
        ("Wed, 99 Oct 2026 07:28:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_garbage_is_ignored(value, seconds):
    headers = {"retry-after": value, "date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert classify(503, headers=headers).retry_after == seconds


def test_a_date_to_retry_after_needs_the_servers_own_date():
    assert responses.retry_after({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}) is None
    naive = {"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert responses.retry_after(naive) is None


def test_an_undocumented_success_is_done_but_bad():
    outcome = classify(202, b'{"id": 1}', binding={"success": (200, 201)})
    assert found(outcome) == ("applied_bad", "status")
    assert "202" in outcome.error
    assert outcome.output == {"id": 1}


@pytest.mark.parametrize("body", [b"{", b"", b"NaN", b'{"id": 1} x', b"\xff\xfe", b"<html>"])
def test_a_body_that_is_no_json_where_json_is_documented_is_bad(body):
    assert found(classify(200, body, output=OBJECT)) == ("applied_bad", "body")


@pytest.mark.parametrize(
    "body",
    [b'{"error": "out of stock"}', b"null", b"[]", b'{"id": "7"}', b'{"id": null}', b'{"ID": 7}'],
    ids=["200 with an error", "null", "list", "number as text", "null field", "renamed field"],
)
def test_an_answer_against_its_schema_is_bad_and_kept(body):
    outcome = classify(200, body, output=OBJECT)
    assert found(outcome) == ("applied_bad", "schema")
    assert outcome.error.startswith("shop.order answered against its schema: ")


def test_an_answer_for_which_the_check_does_not_hold_is_bad():
    check = "output.id == input.id"
    assert classify(200, b'{"id": 7}', check=check, arguments={"id": 7}).kind == "applied"
    assert found(classify(200, b'{"id": 8}', check=check, arguments={"id": 7})) == ("applied_bad", "check")
    assert found(classify(200, b'{"no": 8}', check=check, arguments={"id": 7})) == ("applied_bad", "check")
    assert found(classify(200, b'{"id": 1}', check="output.id")) == ("applied_bad", "check")


def test_nothing_is_a_good_answer_where_nothing_is_promised():
    assert classify(204, output=OBJECT).kind == "applied"
    assert classify(200).output is None
    assert classify(200, output={"type": ["object", "null"]}).kind == "applied"


def test_texts_are_texts_and_bytes_are_base64():
    text = {"content-type": "text/plain; charset=latin-1"}
    assert classify(200, "Grüße".encode("latin-1"), text).output == "Grüße"
    assert classify(200, b"hi", {"content-type": "text/plain; charset=nonsense"}).output == "hi"
    image = classify(200, b"\x89PNG", {"content-type": "image/png"})
    assert image.output == {"base64": "iVBORw==", "content_type": "image/png"}


def test_json_under_a_wrong_label_is_read_where_json_is_documented():
    assert classify(200, b'{"id": 7}', {"content-type": "text/plain"}, output=OBJECT).output == {"id": 7}
    assert (
        classify(200, b'{"id": 7}', {"content-type": "application/octet-stream"}, output=OBJECT).kind
        == "applied"
    )
    assert classify(200, b'{"id": 7}', {}).output == {"id": 7}
    assert classify(200, b"7", {"content-type": "text/plain"}, output={"type": "string"}).output == "7"


def test_bytes_where_json_is_documented_are_bad():
    outcome = classify(200, b"\x89PNG", {"content-type": "image/png"}, output=OBJECT)
    assert found(outcome) == ("applied_bad", "body")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"title": "No", "detail": "card expired", "status": 422}', "card expired"),
        (b'{"title": "Unprocessable", "detail": ""}', "Unprocessable"),
        (b'{"error": {"code": 5}}', '{"error": {"code": 5}}'),
        (b"[1]", "[1]"),
        (b"{broken", "{broken"),
    ],
)
def test_a_refusal_says_what_the_service_said(body, said):
    outcome = classify(422, body, {"content-type": "application/problem+json"})
    assert outcome.error == f"shop.order answered 422: {said}"


def test_a_refusal_is_cut_and_cannot_write_on_a_terminal():
    outcome = classify(
        400, b"\x1b[2J\r\nadmin: ok\xe2\x80\xae " + b"x" * 9000, {"content-type": "text/plain"}
    )
    assert len(outcome.error) <= 2000
    assert outcome.error.isprintable()
    assert "\\x1b[2J\\r\\nadmin" in outcome.error
    assert outcome.error.endswith("…")


@pytest.mark.parametrize("fault", ["truncated", "decoding", "timeout"])
def test_a_success_whose_body_is_not_whole_is_unknown(fault):
    assert found(classify(200, b'{"id', fault=fault)) == ("unknown", fault)
    assert classify(404, b'{"id', fault=fault).kind == "rejected"
    assert classify(503, b'{"id', fault=fault).kind == "not_sent"
