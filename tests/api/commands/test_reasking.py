"""Tests of `planner decisions replay`: a log of hundreds of decisions put to a second scripted model."""

import asyncio
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from planner import choosing, clock
from planner.decisions import Offered, Question, WorkflowRef
from planner.model.adapter import Model
from planner.runs import Run
from planner.settings import ModelSettings
from planner.store import decisions, migrate, runs
from planner.store.database import open_database
from planner.testing import FrozenClock, ScriptedModel

COUNT = 240
POINTS = ("late-order/resolve", "late-order/apologise")
AT = FrozenClock().now()
REF = WorkflowRef(name="late-order", version="1.0.0", sha256="0" * 64)
OPTIONS = (Offered(id="refund", means="Pay back."), Offered(id="reship"), Offered(id="wait"))


async def _decide(asked, number):
    """Have a scripted model make one decision, through the real adapter."""
    question = Question(
        point=POINTS[number % 2], question="How?", goal="Be fair.", given={"number": number}, options=OPTIONS
    )
    return choosing.conclude(
        question,
        await asked.choose(question),
        choosing.Where(clock.new_id(), clock.new_id(), workflow=REF, path="resolve"),
        ts=AT,
        by="model",
        otherwise="wait",
    )


async def _decided():
    """Return the decisions of a first script: `refund`, whatever is asked."""
    scripted = ScriptedModel({"*": "refund"}, loop=True)
    config = ModelSettings(name="old", base_url="http://127.0.0.1:9/v1")
    async with Model(config, clock=FrozenClock(), transport=scripted.transport()) as asked:
        return [await _decide(asked, number) for number in range(COUNT)]


def _keep(tx, made):
    for decision in made:
        run = Run(id=decision.run_id, workflow=REF, goal="Be fair.", created_at=AT, updated_at=AT)
        runs.create(tx, run)
        decisions.insert(tx, decision)


@pytest.fixture(scope="module")
def made():
    """Return the decisions of a first script, made once."""
    return asyncio.run(_decided())


@pytest.fixture
def log(desk, made):
    """Return the decisions of a log, one a run."""
    with open_database(desk.database) as store:
        migrate.upgrade(store)
        store.write_sync(_keep, made)
    return made


def test_the_report_tells_the_known_share_of_flips(desk, log):
    other = ScriptedModel(
        {
            POINTS[0]: ["refund", "refund", "refund", "reship"],
            POINTS[1]: ["refund"] * 9 + [{"message": {"refusal": "I would rather not."}}],
        },
        loop=True,
    )

    with other.serving() as address:
        said = desk("decisions", "replay", "--base-url", address, "--model", "new", "--json")

    report = said.data
    points = {point["point"]: point for point in report["points"]}
    resolve, apologise = points[POINTS[0]], points[POINTS[1]]
    assert said.code == 0
    assert (report["asked"], report["comparable"], len(other.script.requests)) == (COUNT, COUNT, COUNT)
    assert report["model"]["requested"] == "new"
    assert (resolve["agreed"]["count"], resolve["agreed"]["of"]) == (90, 120)
    assert resolve["options"]["refund"]["now"] == {"refund": 90, "reship": 30}
    assert (apologise["agreed"]["count"], apologise["agreed"]["of"]) == (108, 120)
    assert apologise["options"]["refund"]["now"] == {"refund": 108, "(otherwise)": 12}
    assert report["outcomes_after"] == {"ok": 228, "refused": 12}
    assert len(report["flips"]) == 42
    assert report["smallest_detectable"].startswith("n=240: smallest detectable change: 6 one-way flips")


def test_what_was_asked_is_what_is_asked_again(desk, log):
    other = ScriptedModel({"*": "refund"}, loop=True)

    with other.serving() as address:
        said = desk("decisions", "replay", log[7].run_id, "--base-url", address)

    asked = other.script.requests[0]["messages"][-1]["content"]
    assert len(other.script.requests) == 1
    assert 'goal = "Be fair."' in asked
    assert 'given = {"number": 7}' in asked
    assert "Agreement: 1 of 1" in said.out


def test_right_choices_make_an_exact_test(desk, log):
    truth = desk.write("truth.json", json.dumps({each.decision_id: "reship" for each in log[0:40:2]}))
    other = ScriptedModel({"*": "reship"}, loop=True)

    with other.serving() as address:
        said = desk(
            "decisions",
            "replay",
            "--base-url",
            address,
            "--truth",
            str(truth),
            "--point",
            POINTS[0],
            "--json",
        )

    test = said.data["truth"]
    assert said.data["asked"] == 120
    assert (test["broke"], test["fixed"], test["before"]["count"]) == (0, 20, 0)
    assert test["p"] == pytest.approx(2 / 2**20)


def test_labels_of_the_log_are_right_choices(desk, log):
    for each in log[:3]:
        assert desk("decisions", "label", each.decision_id, "reship").code == 0
    other = ScriptedModel({"*": "reship"}, loop=True)

    with other.serving() as address:
        said = desk(
            "decisions", "replay", *(each.run_id for each in log[:5]), "--base-url", address, "--json"
        )

    assert (said.data["asked"], said.data["truth"]["fixed"], said.data["truth"]["after"]["of"]) == (5, 3, 3)


def test_another_prompt_is_told_apart_by_its_name(desk, log):
    rules = desk.write("rules.txt", "Choose at once. Answer as JSON with reason, choice and confidence.")
    other = ScriptedModel({"*": "refund"}, loop=True)

    with other.serving() as address:
        said = desk(
            "decisions",
            "replay",
            log[0].run_id,
            "--base-url",
            address,
            "--prompt",
            str(rules),
            "--backend",
            "chat",
            "--json",
        )

    head, body = other.script.requests[0]["messages"]
    assert head["content"].startswith("Choose at once.")
    assert "=====BEGIN DATA" in body["content"]
    assert said.data["model"]["prompt"].startswith("choose/1+")
    assert said.data["model"]["prompt_sha256"] != log[0].model.prompt_sha256


def test_the_other_backend_is_asked_by_its_own_wire(desk, log):
    other = ScriptedModel(
        {"*": {"choose": "refund", "probabilities": {"refund": 0.9, "reship": 0.1, "wait": 0.0}}}, loop=True
    )

    with other.serving() as address:
        said = desk(
            "decisions", "replay", log[0].run_id, "--base-url", address, "--backend", "decisions", "--json"
        )

    assert (said.data["model"]["backend"], said.data["agreed"]["count"]) == ("decisions", 1)


def test_no_more_is_asked_than_allowed(desk, log):
    other = ScriptedModel({"*": "refund"}, loop=True)

    with other.serving() as address:
        said = desk("decisions", "replay", "--base-url", address, "--max-calls", "10", "--limit", "50")

    assert len(other.script.requests) == 10
    assert "Not asked: 40, because the 10 requests allowed were used up" in said.out


def test_asking_again_writes_nothing(desk, log):
    other = ScriptedModel({"*": "reship"}, loop=True)
    before = desk("decisions", "--limit", "1000", "--json").data

    with other.serving() as address:
        desk("decisions", "replay", "--base-url", address)

    assert desk("decisions", "--limit", "1000", "--json").data == before


@contextmanager
def listening():
    """Serve an endpoint that refuses, and yield its address and the keys that it was sent."""
    keys = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            keys.append(self.headers["Authorization"])
            self.send_error(400)

        def log_message(self, *_said):
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1", keys
        server.shutdown()
        thread.join()


def test_the_key_of_one_server_is_not_sent_to_another(desk, log, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "canary-of-another-server")
    monkeypatch.setenv("THEIR_KEY", "their-own-key")

    with listening() as (address, keys):
        desk("decisions", "replay", log[0].run_id, "--base-url", address)
        desk("decisions", "replay", log[0].run_id, "--base-url", address, "--key-env", "THEIR_KEY")

    assert len(keys) >= 2
    assert not any("canary" in key for key in keys)
    assert keys[-1] == "Bearer their-own-key"


def test_without_a_model_it_says_so(desk, log):
    said = desk("decisions", "replay")

    assert said.code == 3
    assert "--base-url" in said.err


def test_a_log_without_decisions_of_models_exits_with_5(desk):
    desk("migrate")

    assert desk("decisions", "replay", "--base-url", "http://127.0.0.1:9/v1").code == 5


def test_an_unknown_run_exits_with_5(desk):
    desk("migrate")

    assert desk("decisions", "replay", "nothing", "--base-url", "http://127.0.0.1:9/v1").code == 5
