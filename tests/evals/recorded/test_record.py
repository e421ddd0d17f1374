"""What is gone or cannot be said is refused with the reason; what is masked stays masked."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from evals import jobs, load
from evals.jobs import Loaded
from evals.project import Project
from evals.recorded import importing, replaying
from evals.recorded.importing import Wanted
from examples.shop.demo import PROJECT
from graphs import forking
from graphs.origins import ForkRequest
from graphs.parts import Parts
from graphs.testing import ScriptedCaller, ScriptedDecider
from planner import clock
from planner.definition import Workflow
from planner.log.envelopes import Keeping
from planner.log.masking import Masking
from planner.log.retention import Retention
from planner.seals import Seals
from planner.store import erasures, purges
from tests.evals.recorded.conftest import Production

JOBS = {job.case.id: job for job in jobs.listed(load.load(load.find([PROJECT / "evals"])))}
REFUND = JOBS["a-lost-answer-is-looked-up-and-paid-once"]
LARGE = JOBS["a-large-order-that-nobody-reviews-is-not-placed"]
NOW = datetime(2026, 1, 6, tzinfo=UTC)
SECRET, KEY = "canary-secret-4711", "sk-canary0123456789abcdef"


def refused(production, run_id, job=REFUND, *, is_named=True):
    found = importing.take(production.database, [Wanted(run_id, is_named=is_named)], job.loaded.project)
    assert found.cases == []
    return found.refused.get(run_id), found.going


def test_what_was_erased_is_not_imported(production):
    run_id = production.run(REFUND)
    production.database.write_sync(erasures.erase, run_id, reason="asked", actor="u-1", now=NOW)
    why, _ = refused(production, run_id)
    assert why.startswith("the content of 2 of its decisions was erased, or the time that it is kept is over")
    assert "/given" in why


def test_what_expired_is_not_imported(production):
    run_id = production.run(REFUND)
    production.database.write_sync(purges.purge, Retention(), NOW + timedelta(days=31))
    why, _ = refused(production, run_id)
    assert "PLANNER_RETENTION__CONTENT_DAYS" in why


def test_a_run_whose_records_expired_is_not_imported(production):
    run_id = production.run(REFUND)
    production.database.write_sync(purges.purge, Retention(), NOW + timedelta(days=10_000))
    why, _ = refused(production, run_id)
    assert "of its 2 decisions are not in the log any more" in why


def test_a_run_that_goes_on_by_itself_is_refused_or_left_out(production):
    run_id = production.run(LARGE, stops_after=60)
    why, going = refused(production, run_id, LARGE)
    assert (why, going) == ("it is waiting and goes on by itself; import it once it has ended", [])
    assert refused(production, run_id, LARGE, is_named=False) == (None, [run_id])


def test_a_run_that_only_a_person_moves_is_imported_as_it_stands(production):
    job = JOBS["an-undo-that-fails-goes-to-a-person"]
    run_id = production.run(job, stops_after=60)
    found = importing.take(production.database, [Wanted(run_id)], job.loaded.project)
    (case,) = found.cases
    assert (case["expect"]["status"], case["person"]) == ("waiting", {"undo:charge": ["never"]})
    (result,) = importing.play(importing.suite("waits", found.cases), "", job.loaded.project)
    assert (result.status, result.reason) == ("passed", "")


@pytest.mark.parametrize("is_sealed", [True, False])
def test_what_is_masked_in_the_record_is_masked_in_the_case(tmp_path, small, is_sealed):
    text = f"""\
schema: evals/1
suite: vault
cases:
- id: leak
  workflow: pay
  goal: Pay with password={SECRET}
  input: {{order: "o-1 {KEY}", amount: 5.0}}
  model: {{how: {{choose: ask, reason: "as {KEY} says"}}}}
  person: {{clerk: {{choose: card, comment: "password={SECRET}"}}}}
  services:
    bank.look: {{return: {{id: "l-1 {KEY}", amount: 1, token: {SECRET}}}}}
    bank.charge: {{return: {{id: "c-1 {KEY}", amount: 5.0}}}}
  expect: {{status: succeeded}}
"""
    (tmp_path / "leak.eval.yaml").write_text(text)
    suite = load.read(tmp_path / "leak.eval.yaml").suite
    (job,) = jobs.listed([Loaded("", suite, small)])
    seals = Seals([b"k" * 32], clock.random_bytes) if is_sealed else None
    production = Production(tmp_path, Keeping(seals=seals))
    with production.database:
        run_id = production.run(job)
        assert production.get(run_id).status == "succeeded"
        found = importing.take(production.database, [Wanted(run_id)], small)
    assert found.refused == {}
    written = importing.suite("vault", found.cases)
    assert [secret for secret in (SECRET, KEY) if secret in written] == []
    assert yaml.safe_load(written)["cases"][0]["input"]["order"] != "o-1"
    (result,) = importing.play(written, "", small)
    assert (result.status, result.reason) == ("passed", "")


def test_without_the_key_a_run_is_imported_without_its_steps(tmp_path, small):
    case = f'- id: one\n  workflow: pay\n  input: {{order: "{KEY}", amount: 5.0}}\n  model: {{how: later}}\n'
    services = "  services: {bank.look: {return: {id: l-1, amount: 1}}}\n  expect: {status: succeeded}\n"
    (tmp_path / "one.eval.yaml").write_text(f"schema: evals/1\nsuite: vault\ncases:\n{case}{services}")
    (job,) = jobs.listed([Loaded("", load.read(tmp_path / "one.eval.yaml").suite, small)])
    with (first := Production(tmp_path, Keeping(seals=Seals([b"k" * 32], clock.random_bytes)))).database:
        run_id = first.run(job)
    with (other := Production(tmp_path, Keeping(seals=Seals([b"x" * 32], clock.random_bytes)))).database:
        found = importing.take(other.database, [Wanted(run_id)], small)
    assert "path" not in found.cases[0]["expect"]
    (result,) = importing.play(importing.suite("vault", found.cases), "", small)
    assert (result.status, result.reason) == ("passed", "")


PATIENT = """
workflow: patient-choice
steps:
  how:
    decide: How?
    options: {go: {then: end}, stop: {then: why}}
    otherwise: stop
    override_within: PT1H
  why: {decide: "Why?", by: person, within: P1D, options: {a: {}, b: {}}, otherwise: a}
"""


def test_a_run_in_which_a_person_overrode_choices_is_imported_and_replays(production, small):
    flow = Workflow.model_validate(yaml.safe_load(PATIENT))
    wide = Project(small.folder, small.catalog, {**small.workflows, "patient-choice": flow})
    over = {"override": "stop", "after": "PT10M", "actor": "u-7", "comment": "Rather not."}
    again = {"override": "go", "after": "PT1M", "actor": "u-8"}
    told = {"id": "one", "workflow": "patient-choice", "model": {"how": "go"}, "expect": {"status": "any"}}
    run_id = production.run(importing.job({**told, "person": {"how": [over, again], "why": "never"}}, wide))

    found = importing.take(production.database, [Wanted(run_id)], wide)
    (played,) = importing.play(importing.suite("one", found.cases), "", wide)
    replayed = replaying.replay(production.database, run_id, wide, Masking())

    told = [{**over, "after": "PT600S"}, {**again, "after": "PT60S"}]
    assert found.cases[0]["person"] == {"how": told, "why": ["never"]}
    assert [each.choice for each in production.decisions(run_id)] == ["go", "stop", "go"]
    assert (played.status, played.reason) == ("passed", "")
    assert found.cases[0]["expect"]["decisions"]["how"][1:] == [
        {"choose": "stop", "decided_by": "person", "actor": "u-7"},
        {"choose": "go", "decided_by": "person", "actor": "u-8"},
    ]
    assert found.cases[0]["score"] == {"how": {"truth": "stop"}}
    assert (replayed.status, replayed.why) == ("same", "")


def test_a_fork_that_was_only_thought_is_no_run_of_production(production):
    run_id = production.run(REFUND)
    (first, _) = production.decisions(run_id)
    request = ForkRequest(choose="person")
    parts = Parts(
        database=production.database,
        catalog=REFUND.loaded.project.catalog,
        caller=ScriptedCaller({}),
        decider=ScriptedDecider({}),
        clock=clock.SystemClock(),
        new_id=clock.new_id,
        worker="test",
    )
    forked = asyncio.run(forking.fork(first.decision_id, request, parts, None, actor="u-1"))
    why, _ = refused(production, forked.run.id)
    assert why == "it is no run of production (its mode is replay)"
    found = importing.found
    listed = production.database.read_sync(found, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert [each.run_id for each in listed] == [run_id]


def test_a_run_whose_input_is_masked_beyond_its_schema_is_refused(production, small):
    strict = yaml.safe_load(PATIENT.replace("override_within: PT1H", "min_confidence: 0.5"))
    strict |= {"input": {"type": "object", "properties": {"password": {"type": "integer"}}}}
    flow = Workflow.model_validate(strict)
    wide = Project(small.folder, small.catalog, {**small.workflows, "patient-choice": flow})
    told = {"id": "one", "workflow": "patient-choice", "model": {"how": "go"}, "expect": {"status": "any"}}
    run_id = production.run(importing.job({**told, "input": {"password": 4711}}, wide))
    found = importing.take(production.database, [Wanted(run_id)], wide)
    assert "does not make a case that can be run: /cases/0/input/password" in found.refused[run_id]
