import asyncio
import socket
import time
from datetime import timedelta

import httpx2
import pytest

from planner.clock import SystemClock
from planner.decisions import Offered, Question
from planner.model.adapter import Model
from planner.settings import ModelSettings
from planner.store import migrate
from planner.testing import START, FrozenClock, ScriptedModel, free_port, temporary_database

QUESTION = Question(point="w/s", question="?", options=(Offered(id="a"), Offered(id="b")))


def test_a_frozen_clock_moves_only_when_someone_sleeps():
    clock = FrozenClock()
    assert clock.now() == clock.now() == START
    began = time.perf_counter()
    asyncio.run(clock.sleep(3600))
    assert time.perf_counter() - began < 30
    assert clock.now() == START + timedelta(hours=1)
    assert clock.slept == [3600]


def test_a_scripted_model_answers_over_a_real_socket():
    async def main(base_url):
        async with Model(ModelSettings(base_url=base_url), clock=SystemClock()) as model:
            return await model.choose(QUESTION), await model.choose(QUESTION)

    double = ScriptedModel({"w/s": ["b"]})
    with double.serving() as base_url:
        first, second = asyncio.run(main(base_url))
    assert (first.outcome_class, first.choice) == ("ok", "b")
    assert first.model is not None
    assert first.model.system_fingerprint == "scripted"
    assert second.outcome_class == "rejected"
    assert double.script.unmatched == ["w/s"]
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{base_url}/models")


def test_a_scripted_model_lists_itself_and_nothing_else():
    with ScriptedModel({}).serving() as base_url:
        assert httpx2.get(f"{base_url}/models").json()["system_fingerprint"] == "scripted"
        assert httpx2.get(f"{base_url}/secrets").status_code == 404


def test_a_scripted_answer_can_be_late():
    with ScriptedModel({"*": {"choose": "a", "delay": 0.2}}).serving() as base_url:
        began = time.perf_counter()
        httpx2.post(f"{base_url}/chat/completions", json={})
        assert time.perf_counter() - began >= 0.2


def test_a_client_that_gives_up_leaves_no_trace(capsys):
    double = ScriptedModel({"*": {"choose": "a", "delay": 0.2}})
    with double.serving() as base_url:
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(f"{base_url}/chat/completions", json={}, timeout=0.05)
        time.sleep(0.3)
    assert capsys.readouterr().err == ""


def test_a_scripted_model_needs_no_socket():
    async def main():
        transport = ScriptedModel({"w/s": ["a"]}).transport()
        config = ModelSettings(base_url="http://scripted.test/v1")
        async with Model(config, clock=FrozenClock(), transport=transport) as model:
            return await model.choose(QUESTION)

    assert asyncio.run(main()).choice == "a"


def test_a_temporary_database_is_of_the_newest_form_and_leaves_nothing():
    with temporary_database() as database:
        migrate.check(database)
        name = database.name.removeprefix("sqlite:///")
    assert not name.startswith("sqlite")
    with pytest.raises(FileNotFoundError):
        open(name)  # noqa: PTH123, SIM115 - it must not be there


def test_a_free_port_can_be_bound():
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
