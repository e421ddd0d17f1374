"""Tests of `planner decisions`."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api.commands import decisions as module
from planner.decisions import Decision
from planner.journal import Entry, Numbered

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Endpoint(BaseHTTPRequestHandler):
    """A model's server that answers every request with the same bytes."""

    body = b""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_arguments):
        """Say nothing."""


@contextmanager
def endpoint(body: bytes) -> Iterator[str]:
    handler = type("Answering", (Endpoint,), {"body": body})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(choice, fingerprint):
    content = json.dumps({"choice": choice, "reason": "Ann is a friend.", "confidence": 0.9})
    message = {"role": "assistant", "content": content}
    return json.dumps(
        {
            "id": "r-1",
            "object": "chat.completion",
            "model": "tiny",
            "system_fingerprint": fingerprint,
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 52},
        }
    ).encode()


@pytest.fixture
def greeted(desk, monkeypatch):
    def greet(body):
        with endpoint(body) as url:
            monkeypatch.setenv("PLANNER_MODEL__BASE_URL", url)
            monkeypatch.setenv("PLANNER_MODEL__NAME", "tiny")
            monkeypatch.setenv("PLANNER_MODEL__MAX_ATTEMPTS", "2")
            said = desk("run", "greet", "--input", '{"name": "Ann"}', "--json")
        assert said.code == 0
        return said.data["run"]

    return greet


def test_a_decision_is_told_with_everything_that_explains_it(desk, greeted):
    run = greeted(answer("warm", "fp-1"))

    said = desk("decisions", run["id"])

    assert said.code == 0
    for line in (
        "question  How warmly?",
        'given     {"name":"Ann"}',
        "offered   warm: With a hug.",
        "excluded  icy: ",
        "chosen    choose: the model (tiny) chose warm with confidence 0.90",
        "reason    Ann is a friend.",
        "cost      asked once, 40 tokens in and 12 out",
        "followed  end",
    ):
        assert f"  {line}" in said.out


def test_a_scripted_endpoint_is_labelled(desk, greeted):
    run = greeted(answer("warm", "scripted"))

    assert "asked once, a scripted endpoint, 40 tokens in" in desk("decisions", run["id"]).out


def test_an_endpoint_that_answers_rubbish_leads_to_otherwise(desk, greeted):
    run = greeted(b"<html>we are down</html>")

    said = desk("decisions", run["id"])

    assert run["output"]["how"] == "cool"
    assert "so the declared otherwise was taken: cool" in said.out
    assert "attempt   1: unavailable" in said.out


def test_an_option_that_was_not_offered_leads_to_otherwise(desk, greeted):
    run = greeted(answer("icy", "fp-1"))

    said = desk("decisions", run["id"])

    assert run["output"]["how"] == "cool"
    assert "'icy' was not offered" in said.out


def test_what_followed_is_the_next_call(desk):
    decision = desk.asked()["waits_for"][0]["decision_id"]
    run = desk("answer", decision, "yes_please", "--actor", "u-7", "--json").data["run"]["id"]

    said = desk("decisions", run)

    assert "chosen    approve: u-7 chose yes_please" in said.out
    assert "; then desk.note at second: applied" in said.out
    assert "cost      nothing: no model was asked" in said.out


def test_what_followed_is_the_call_that_was_begun_first(desk):
    decision = Decision.model_validate(
        {"decision_id": "d-1", "kind": "choose", "run_id": "r-1", "run_seq": 1, "point": "w/a", "ts": NOW}
        | {"question": "?", "options": (), "decided_by": "rule", "choice": "pay", "edge_taken": "pay"}
    )
    call = {"operation": "bank.pay", "effect": "write"}
    look = {"operation": "bank.look", "effect": "read", "outcome": "applied"}
    entries = [
        Numbered(seq, Entry(kind=kind, path=path, at=NOW, body=body))
        for seq, (kind, path, body) in enumerate(
            [
                ("outcome", "before", look),
                ("intention", "pay", call),
                ("outcome", "pay", call | {"outcome": "unknown"}),
                ("outcome", "reconcile:pay", look),
                ("settled", "pay", {"outcome": "applied", "by": "reconcile"}),
            ]
        )
    ]

    assert module.followed(decision, entries) == "pay; then bank.pay at pay: applied"
    assert module.followed(decision, entries[3:4]) == "pay; then bank.look at the look-up of pay: applied"
    assert module.followed(decision, []) == "pay"


def test_decisions_of_all_runs_come_newest_first(desk):
    first, second = (
        desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"] for _ in "12"
    )

    items = desk("decisions", "--json").data["items"]

    assert [item["run_id"] for item in items] == [second, first]
    assert "There are more" in desk("decisions", "--limit", "1").out


def test_decisions_are_filtered_by_point_and_workflow(desk):
    run = desk("run", "greet", "--input", '{"name": "Ann"}', "--json").data["run"]["id"]

    for scope in ((), (run,)):
        assert len(desk("decisions", *scope, "--point", "greet/choose", "--json").data["items"]) == 1
        assert desk("decisions", *scope, "--point", "greet/other", "--json").data["items"] == []
        assert desk("decisions", *scope, "--workflow", "ask", "--json").data["items"] == []


def test_a_run_without_decisions_says_so(desk):
    run = desk("run", "failing", "--json").data["run"]["id"]

    said = desk("decisions", run)

    assert said.code == 0
    assert said.out == "No decisions.\n"


def test_a_goal_that_led_nowhere_is_told(desk):
    desk("run", "--goal", "Greet Ann")

    said = desk("decisions")

    assert "goal/route" in said.out
    assert "no model is configured" in said.out


def test_an_unknown_run_exits_with_5(desk):
    desk("migrate")

    assert desk("decisions", "nothing").code == 5


def test_a_recovery_tells_what_made_it_necessary(desk):
    text = """
workflow: shaky
steps:
  try: {call: desk.break, with: {why: no paper}, recover: {decide: What now?, by: rule, otherwise: fail}}
"""
    desk.write("workflows/shaky.yaml", text)
    run = desk("run", "shaky", "--json").data["run"]["id"]

    said = desk("decisions", run)

    assert "because   desk.break (write) was " in said.out
    assert "no paper" in said.out
