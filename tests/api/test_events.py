"""Events: a run's journal as it comes, from any place to its end."""

import json

import pytest


def events(answer):
    """Return the events of a stream as (id, name, data)."""
    blocks = [block for block in answer.text.replace("\r\n", "\n").split("\n\n") if "event: " in block]
    fields = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [(field["id"], field["event"], json.loads(field["data"])) for field in fields]


def test_the_journal_is_streamed_to_its_end(client):
    run = client.run("quote", {"sku": "a"})

    answer = client.get(f"/v1/runs/{run['id']}/events")

    assert answer.headers["content-type"].startswith("text/event-stream")
    found = events(answer)
    assert [(number, name) for number, name, _ in found] == [
        ("1", "started"),
        ("2", "outcome"),
        ("3", "finished"),
        ("3", "end"),
    ]
    assert found[1][2]["body"]["operation"] == "floor.price"
    assert found[-1][2]["status"] == "succeeded"


def test_a_stream_goes_on_from_behind_the_last_event(client):
    run = client.run("quote", {"sku": "a"})

    answer = client.get(f"/v1/runs/{run['id']}/events", headers={"Last-Event-ID": "2"})

    assert [number for number, _, _ in events(answer)] == ["3", "3"]


def test_a_client_that_has_everything_is_told_not_to_come_back(client):
    run = client.run("quote", {"sku": "a"})

    answer = client.get(f"/v1/runs/{run['id']}/events", headers={"Last-Event-ID": "3"})

    assert (answer.status_code, answer.content) == (204, b"")


def test_a_stream_follows_a_run_that_goes_on(client):
    body = {"workflow": "slow", "input": {"seconds": 0.2}}
    run = client.post("/v1/runs", json=body).json()

    answer = client.get(f"/v1/runs/{run['id']}/events")

    assert [name for _, name, _ in events(answer)] == ["started", "outcome", "outcome", "finished", "end"]


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30, "²"])
def test_a_last_event_id_that_is_no_number_is_a_clear_problem(client, given):
    run = client.run("quote", {"sku": "a"})

    answer = client.get(f"/v1/runs/{run['id']}/events", headers={b"Last-Event-ID": given.encode("latin-1")})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "/header/last-event-id"
