"""Whole runs over servers that others wrote, and over services that are gone."""

import asyncio
import shutil
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pytest

from examples.aws import orders_table
from examples.aws import serve as aws
from examples.front import Front
from examples.httpbin import serve as httpbin
from graphs import wiring
from graphs.intake import RunRequest, begin
from planner.effects import effects
from planner.faults.faulty import Fault, endpoint, fixed, http
from planner.project import load_catalog
from planner.runs import PersonAnswer
from planner.settings import ModelSettings, Settings
from planner.store import decisions, journal, questions, runs
from planner.testing import free_port

pytestmark = [pytest.mark.real, pytest.mark.acceptance]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
pytest.importorskip("flasgger", reason="httpbin publishes its document only where flasgger is installed")


class Told(NamedTuple):
    """What the store tells of a run."""

    run: object
    effects: list
    decisions: list

    @property
    def states(self):
        return [(each.path, each.state, each.code) for each in self.effects]

    @property
    def chosen(self):
        return [(each.path, each.trigger.outcome, each.choice, each.decided_by) for each in self.decisions]


def settings(folder, **more):
    return Settings(
        project=folder, database_url=f"sqlite:///{folder / 'planner.db'}", lease_seconds=5, **more
    )


@asynccontextmanager
async def engine(folder, **more):
    async with wiring.open_services(settings(folder, **more)) as opened:
        yield opened


async def settled(opened, run_id, within=9.0):
    async with asyncio.timeout(within):
        while True:
            run = await opened.parts.database.read(runs.get, run_id)
            if run.ended or run.status == "waiting":
                return run
            await opened.dispatcher.signals.wait(run_id, 0.1)


async def told(opened, run):
    entries = await opened.parts.database.read(journal.entries, run.id)
    made = await opened.parts.database.read(decisions.of_run, run.id)
    return Told(run, effects(entries), made)


async def ran(opened, workflow, **given):
    request = RunRequest(workflow=workflow, input=given)
    begun = await begin(request, opened.parts, opened.dispatcher, started_by="test")
    return await told(opened, await settled(opened, begun.run.id))


def run(folder, workflow, /, *, services=None, model=None, **given):
    """Return what the store tells of a run after the process that moved it is gone."""
    more = {name: value for name, value in {"services": services, "model": model}.items() if value}

    async def main():
        async with engine(folder, **more) as opened:
            found = await ran(opened, workflow, **given)
        async with wiring.open_services(settings(folder, **more), dispatch=False) as later:
            return await told(later, await later.parts.database.read(runs.get, found.run.id))

    return asyncio.run(main())


@pytest.fixture(scope="module")
def httpbin_address():
    with httpbin.httpbin() as address:
        yield address


@pytest.fixture
def front(httpbin_address):
    with Front(httpbin_address) as front:
        yield front


@pytest.fixture
def project(tmp_path, httpbin_address):
    folder = shutil.copytree(EXAMPLES / "httpbin", tmp_path / "httpbin", ignore=shutil.ignore_patterns("var"))
    httpbin.save(httpbin_address, folder)
    return folder


PROBE = {"delay": 2, "status": "418", "strict": False}


def asks(method, start):
    return lambda request: request.method == method and request.target.startswith(start)


def offered(decision):
    return {option.id for option in decision.options if option.available}


def why_not(decision, action):
    return next(option.excluded_by for option in decision.options if option.id == action)


def test_the_import_of_the_published_document_says_what_it_read_although_it_is_wrong(project):
    found = load_catalog(settings(project))
    assert len(found.operations) == 73
    assert len(found.warnings) == 17
    assert {warning.code for warning in found.warnings} == {"unknown-type"}
    assert all(Path(warning.file) == project / "var" / "httpbin.json" for warning in found.warnings)
    assert len(found.guessed()) == 67


def test_where_all_is_well_nothing_is_decided_and_everything_is_asked_once(project, front):
    found = run(project, "probe", services={"httpbin": front.url}, delay=0, status="200", strict=True)
    assert found.run.status == "succeeded", found.run.error
    steps = ["well", "mark", "busy", "slow", "required"]
    assert found.states == [(step, "applied", None) for step in steps]
    assert found.decisions == []
    assert len(front.requests) == len(steps)
    assert found.run.output["slow"] == f"{front.url}/delay/0"


def test_busy_slow_and_unwilling_are_retried_gone_around_and_skipped(project, front):
    front.plan(httpbin.is_busy, ["busy"])
    found = run(project, "probe", services={"httpbin": front.url}, **PROBE)
    assert found.run.status == "succeeded", found.run.error
    assert found.states == [
        ("well", "applied", None),
        ("mark", "applied", None),
        ("busy", "not_sent", "http_503"),
        ("busy", "applied", None),
        ("slow", "unknown", "timeout"),
        ("slow", "unknown", "timeout"),
        ("slow", "applied", None),
        ("unwilling", "rejected", "http_418"),
    ]
    assert found.chosen == [
        ("slow", "unknown", "substitute", "otherwise"),
        ("unwilling", "rejected", "skip", "otherwise"),
    ]
    slow, unwilling = found.decisions
    assert {decision.outcome_class for decision in found.decisions} == {"unavailable"}
    assert offered(slow) == {"retry", "substitute", "undo", "fail"}
    assert slow.trigger.attempts == 2
    assert offered(unwilling) == {"skip", "undo", "fail"}
    assert why_not(unwilling, "retry") == "the service said no, and would say no to the same call again"
    assert (unwilling.trigger.status, unwilling.trigger.attempts) == (418, 1)
    assert front.count(httpbin.is_busy) == 2
    assert front.count(asks("GET", "/delay/2")) == 2
    assert front.count(asks("GET", "/status/418")) == 1
    assert front.count(asks("POST", "/anything/mark-")) == 1
    assert front.count(asks("DELETE", "/")) == 0


def test_a_no_that_the_run_cannot_do_without_takes_back_what_was_written(project, front):
    given = {**PROBE, "delay": 0, "strict": True}
    found = run(project, "probe", services={"httpbin": front.url}, **given)
    assert found.run.status == "undone"
    assert "required" in found.run.error
    assert "418" in found.run.error
    assert found.states[-2:] == [("required", "rejected", "http_418"), ("undo:mark", "applied", None)]
    assert found.chosen == [("required", "rejected", "undo", "otherwise")]
    (marked,), (taken_back,) = (
        [request.target for request, _ in front.requests if request.method == method]
        for method in ("POST", "DELETE")
    )
    assert taken_back == marked


def test_a_write_without_an_answer_or_a_look_up_waits_for_a_person_and_is_never_repeated(project, front):
    marks = asks("POST", "/anything/mark-")
    front.plan(marks, ["lost_answer"])
    more = {"services": {"httpbin": front.url}}

    async def main():
        async with engine(project, **more) as opened:
            waiting = await ran(opened, "probe", **{**PROBE, "delay": 0})
        async with engine(project, **more) as opened:  # another process, which has only the journal
            database = opened.parts.database
            (asked,) = (await database.read(questions.page)).items
            value = {"method": "POST", "url": "seen-by-a-person"}
            answer = PersonAnswer(choice="applied", actor="u-1", value=value, at=opened.parts.clock.now())
            await database.write(questions.answer, asked.decision_id, answer)
            await opened.dispatcher.take(waiting.run.id)
            return waiting, asked, await told(opened, await settled(opened, waiting.run.id))

    waiting, asked, found = asyncio.run(main())

    assert waiting.run.status == "waiting"
    assert waiting.states[-1] == ("mark", "unknown", "timeout")
    assert waiting.chosen == [("mark", "unknown", "person", "rule")]
    assert "could take effect twice" in why_not(waiting.decisions[0], "retry")
    assert {option.id for option in asked.options if option.available} == {"applied", "not_applied", "fail"}
    assert found.run.status == "succeeded"
    assert found.run.output["mark"] == "seen-by-a-person"
    assert [e.settled_by for e in found.effects if e.path == "mark"] == ["person"]
    assert front.count(marks) == 1


GONE = """
services:
  httpbin:
    openapi: var/httpbin.json
    base_url: http://127.0.0.1:1
    operations:
      postAnythingAnything:
        effect: write
        undo: {call: deleteAnythingAnything, with: {anything: "${input.anything}"}}
      deleteAnythingAnything: {effect: idempotent}
  gone:
    openapi: var/httpbin.json
    base_url: http://127.0.0.1:1
    breaker: {failures: 5, open_for: PT0.5S}
    operations: {getUuid: {effect: read, retry: {attempts: 3, initial: PT0.02S, jitter: false}}}
"""
LOOK = """
workflow: look
steps:
  mark: {call: httpbin.postAnythingAnything, with: {anything: m-1}}
  look:
    call: gone.getUuid
    recover: {decide: The service is gone. What now?, allow: [retry, undo, fail], otherwise: retry}
output: {uuid: "${look.uuid}"}
"""


@pytest.fixture
def gone(tmp_path, httpbin_address):
    httpbin.save(httpbin_address, tmp_path)
    (tmp_path / "catalog.yaml").write_text(GONE)
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "look.yaml").write_text(LOOK)
    return tmp_path


def test_a_service_out_of_reach_opens_its_breaker_ends_the_run_and_is_called_again_later(
    gone, front, httpbin_address
):
    port = free_port()
    services = {"httpbin": front.url, "gone": f"http://127.0.0.1:{port}"}

    async def main():
        async with engine(gone, services=services) as opened:
            first = await ran(opened, "look")
            health = {each.name: each for each in opened.services.health()}
            with Front(httpbin_address, port=port) as back:
                await asyncio.sleep(0.6)  # the breaker lets one call try after half a second
                return first, health, await ran(opened, "look"), back.requests

    first, health, second, asked = asyncio.run(main())

    assert first.run.status == "undone"
    assert "look" in first.run.error
    looks = [(each.state, each.code) for each in first.effects if each.path == "look"]
    assert looks == [("not_sent", "connect")] * 5 + [("not_sent", "breaker_open")]
    assert first.states[0] == ("mark", "applied", None)
    assert first.states[-1] == ("undo:mark", "applied", None)
    told_once, told_twice = first.decisions
    assert (told_once.choice, told_once.trigger.attempts) == ("retry", 3)
    assert "could not be reached" in told_once.trigger.error
    assert told_twice.choice == "fail"
    assert why_not(told_twice, "retry").startswith("service 'gone' is left in peace")
    assert health["gone"].state == "open"
    assert (health["gone"].calls, health["gone"].failures) == (5, 5)
    assert health["httpbin"].state == "closed"
    assert second.run.status == "succeeded"
    assert len(asked) == 1
    kinds = [(request.method, kind) for request, kind in front.requests]
    assert kinds == [("POST", "pass"), ("DELETE", "pass"), ("POST", "pass")]


RUBBISH = {
    "a page": ("unavailable", http(200, "<html><h1>It works!</h1></html>", content_type="text/html")),
    "half a word": ("unavailable", http(200, '{"choices": [')),
    "another JSON": ("invalid", http(200, '{"hello": "world"}')),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_a_model_endpoint_that_answers_rubbish_takes_otherwise_and_harms_nothing(project, front, name):
    outcome_class, answer = RUBBISH[name]
    rubbish = Fault(name, "body", outcome_class, fixed(answer))

    async def main():
        async with endpoint([rubbish], forever=True) as model:
            asked = ModelSettings(name="m", base_url=model.base_url, deadline_seconds=3)
            async with engine(project, services={"httpbin": front.url}, model=asked) as opened:
                return await ran(opened, "probe", **PROBE), len(model.requests)

    found, requests = asyncio.run(main())

    assert found.run.status == "succeeded", found.run.error
    assert found.chosen == [
        ("slow", "unknown", "substitute", "otherwise"),
        ("unwilling", "rejected", "skip", "otherwise"),
    ]
    assert [decision.outcome_class for decision in found.decisions] == [outcome_class] * 2
    assert sum(len(decision.attempts) for decision in found.decisions) == requests
    assert all(attempt.error for decision in found.decisions for attempt in decision.attempts)


def test_a_model_endpoint_that_is_not_there_takes_otherwise(project, front):
    nobody = ModelSettings(name="m", base_url=f"http://127.0.0.1:{free_port()}/v1", deadline_seconds=3)
    found = run(project, "probe", services={"httpbin": front.url}, model=nobody, **PROBE)
    assert found.run.status == "succeeded", found.run.error
    assert [(each.choice, each.outcome_class) for each in found.decisions] == [
        ("substitute", "unavailable"),
        ("skip", "unavailable"),
    ]


@pytest.fixture(scope="module")
def moto_address():
    with aws.moto() as address:
        aws.create_table(address)
        yield address


@pytest.fixture
def table(moto_address, monkeypatch):
    with Front(moto_address) as front:
        for name, value in aws.environment(front.url).items():
            monkeypatch.setenv(name, value)
        orders_table.client.cache_clear()
        orders_table.find_order("warm")  # botocore takes a while to read its models
        yield front
        orders_table.client().close()
        orders_table.client.cache_clear()


@pytest.fixture
def orders(tmp_path):
    return shutil.copytree(EXAMPLES / "aws", tmp_path / "aws", ignore=shutil.ignore_patterns("*.py"))


def test_a_write_that_was_applied_and_not_answered_is_looked_up_and_not_sent_again(orders, table):
    table.plan(aws.is_put, ["lost_answer"])
    order = {"order_id": "o-1", "customer": "ann", "total": 12.5}
    found = run(orders, "put-order", **order)
    assert found.run.status == "succeeded", found.run.error
    assert found.run.output == {"order": order}
    assert found.chosen == [("put", "unknown", "reconcile", "otherwise")]
    (decision,) = found.decisions
    assert decision.trigger.effect == "write"
    assert "could take effect twice" in why_not(decision, "retry")
    assert [(e.path, e.state, e.settled_by) for e in found.effects] == [
        ("put", "applied", "reconcile"),
        ("reconcile:put", "applied", None),
        ("found", "applied", None),
    ]
    assert table.count(aws.is_put) == 1
    assert stored("o-1") == order


def test_a_write_that_never_arrived_is_sent_again_after_the_look_up(orders, table):
    table.plan(aws.is_put, ["lost_request"])
    order = {"order_id": "o-2", "customer": "bob", "total": 7.0}
    found = run(orders, "put-order", **order)
    assert found.run.status == "succeeded", found.run.error
    assert found.chosen == [("put", "unknown", "reconcile", "otherwise")]
    assert [(e.path, e.attempt, e.state) for e in found.effects if e.path == "put"] == [
        ("put", 1, "not_sent"),
        ("put", 2, "applied"),
    ]
    assert [kind for request, kind in table.requests if aws.is_put(request)] == ["lost_request", "pass"]
    assert stored("o-2") == order


def test_an_order_that_somebody_else_wrote_is_a_refusal_and_stays(orders, table):
    orders_table.put_order("o-3", "eve", 1.0)
    found = run(orders, "put-order", order_id="o-3", customer="ann", total=2.0)
    assert found.run.status == "undone"
    assert found.states == [("put", "rejected", "ConditionalCheckFailedException")]
    assert stored("o-3")["customer"] == "eve"


def test_a_run_that_fails_after_a_write_in_doubt_takes_it_back(orders, table):
    table.plan(aws.is_put, ["lost_answer"])
    flow = (orders / "workflows" / "put-order.yaml").read_text()
    flow = flow.replace("workflow: put-order", "workflow: put-and-fail")
    flow = flow.replace("output:", "  stop: {fail: This order may not be kept.}\n\noutput:")
    (orders / "workflows" / "put-and-fail.yaml").write_text(flow)
    found = run(orders, "put-and-fail", order_id="o-4", customer="ann", total=3.0)
    assert found.run.status == "undone"
    assert found.states[-1] == ("undo:put", "applied", None)
    assert table.count(aws.is_put) == 1
    assert stored("o-4") is None


def stored(order_id):
    found = orders_table.find_order(order_id)
    return None if found.order is None else asdict(found.order)
