"""Events are read in each of the three modes, as the SDK of CloudEvents sends them."""

import json

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

TOLD = {"id": "p-1", "source": "/bank", "type": "paid", "subject": "o-1", "region": "eu"}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}


def sent(data=None, **attributes):
    return CloudEvent({**TOLD, **attributes}, data if data is not None else {"order": "o-1"})


def post(client, message):
    return client.post("/v1/events", content=message.body, headers=message.headers)


def told(client, answer):
    assert answer.status_code == 202, answer.text
    (receipt,) = answer.json()["items"]
    return client.get(f"/v1/events/{receipt['id']}").json()["event"]


@pytest.mark.parametrize("mode", [http.to_structured_event, http.to_binary_event])
def test_what_the_sdk_sends_arrives_whole(client, mode):
    found = told(client, post(client, mode(sent(datacontenttype="application/json"))))

    time = found.pop("time")
    assert time.endswith("Z")
    expected = {**TOLD, "specversion": "1.0", "datacontenttype": "application/json", "data": {"order": "o-1"}}
    assert found == expected


def test_a_header_that_is_percent_encoded_is_read(client):
    found = told(client, post(client, http.to_binary_event(sent(subject="Straße 50 %"))))

    assert found["subject"] == "Straße 50 %"


def test_text_and_bytes_in_binary_mode_are_told_as_text_and_base64(client):
    text = told(client, post(client, http.to_binary_event(sent("hello", datacontenttype="text/plain"))))
    raw = sent(b"\xff\x00", id="p-2", datacontenttype="application/octet-stream")

    assert text["data"] == "hello"
    assert told(client, post(client, http.to_binary_event(raw)))["data"] == "/wA="


def test_bytes_in_structured_mode_stay_base64(client):
    assert told(client, post(client, http.to_structured_event(sent(b"\xff\x00"))))["data"] == "/wA="


def test_an_event_without_data_is_one(client):
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "paid"}

    assert told(client, client.post("/v1/events", headers=headers))["data"] is None


def test_many_events_come_in_one_request(client):
    body = [{"specversion": "1.0", **TOLD, "id": name} for name in ("a", "b", "a")]
    answer = client.post(
        "/v1/events",
        content=json.dumps(body),
        headers={"Content-Type": "application/cloudevents-batch+json"},
    )

    assert [item["duplicate"] for item in answer.json()["items"]] == [False, False, True]


def refused(client, body, kind="application/cloudevents+json", status=422):
    answer = client.post("/v1/events", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    return answer.json()


def test_everything_that_is_wrong_is_told_with_its_place(client):
    wrong = {"specversion": "1.0", "source": "", "type": "paid", "Big": 1, "time": "soon"}

    problems = refused(client, json.dumps(wrong))["problems"]

    assert {problem["path"] for problem in problems} >= {
        "/id",
        "/source",
        "/time",
        "/Big",
    }


def test_of_a_batch_with_a_wrong_event_none_is_kept(client):
    body = json.dumps([{"specversion": "1.0", **TOLD}, {"specversion": "0.3", **TOLD}, 5])

    found = refused(client, body, "application/cloudevents-batch+json")

    assert [problem["path"] for problem in found["problems"]] == ["/1/specversion", "/2"]
    assert client.get("/v1/events").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ("{", "application/cloudevents+json", 400, "body-unreadable"),
        ("{}", "application/json", 415, "media-type-unsupported"),
        ("{}", "application/cloudevents-batch+json", 422, "request-invalid"),
        ('{"id": "1", "id": "2"}', "application/cloudevents+json", 400, "document-invalid"),
        (b"\xff", "application/cloudevents+json", 400, "body-unreadable"),
    ],
)
def test_what_is_no_event_is_refused(client, body, kind, status, code):
    assert refused(client, body, kind, status)["code"] == code


def test_a_body_that_is_no_json_is_refused_in_binary_mode_too(client):
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "paid"}
    answer = client.post("/v1/events", content="{", headers={**headers, "Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "body-unreadable")
