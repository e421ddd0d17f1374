"""Bodies: what a client sends, read strictly."""

import pytest

from api import bodies
from api.errors import BodyUnreadable
from tools.errors import DocumentInvalid

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1",
        "{a: 1}",
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1,}',
        "# yaml",
        '"\\ud800"',
    ],
)
def test_what_is_no_json_is_refused_although_yaml_would_take_it(text):
    with pytest.raises(BodyUnreadable, match="no JSON"):
        bodies.parsed(text)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "[" * 900 + "]" * 900])
def test_a_key_written_twice_and_what_swells_are_refused(text):
    with pytest.raises(DocumentInvalid):
        bodies.parsed(text)


def test_plain_json_is_read():
    assert bodies.parsed(' {"a": [1, 2.5, null, true, "ü"]} ') == {"a": [1, 2.5, None, True, "ü"]}


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/workflows", "/v1/workflows/validate"])
@pytest.mark.parametrize("kind", ["text/plain", "", "application/xml", "multipart/form-data; boundary=x"])
def test_a_type_that_is_not_read_here_is_refused(client, path, kind):
    answer = client.post(path, content=b"{}", headers={"Content-Type": kind} if kind else {})

    assert answer.status_code == 415
    assert answer.json()["code"] == "media-type-unsupported"
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe", 400),
        (b'{"a": NaN}', 400),
        (b"[" * 5000, 400),
        (b"[" * 900 + b"]" * 900, 400),
        (b"", 400),
    ],
)
def test_a_body_that_cannot_be_read_is_a_clear_problem(client, body, status):
    answer = client.post("/v1/runs", content=body, headers=JSON)

    assert answer.status_code == status
    assert answer.json()["detail"]


def test_yaml_that_is_no_utf8_is_a_clear_problem(client):
    answer = client.post("/v1/workflows", content=b"a: \xff", headers={"Content-Type": "text/yaml"})

    assert answer.status_code == 400
    assert "byte 3" in answer.json()["detail"]


def test_a_key_written_twice_is_told_with_its_place(client):
    body = b'{"workflow": "quote",\n "workflow": "slow"}'

    answer = client.post("/v1/runs", content=body, headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["problems"][0]["line"] == 2
