"""What a run is taken up from is whole, and what is known already is not read again."""

import yaml

from graphs import loading
from planner import clock
from planner.clock import SystemClock
from planner.decisions import Offered, WorkflowRef
from planner.definition import Workflow
from planner.journal import Entry, Numbered
from planner.runs import PersonQuestion, Run
from planner.store import questions, runs, workflows

ASK = "ask: {decide: What now, by: person, options: {go: {}, stop: {then: end}}, otherwise: stop}"
now = SystemClock().now


def register(database, name, steps, version="1.0.0"):
    fields = {"workflow": name, "version": version, "steps": yaml.safe_load(steps)}
    workflow = Workflow.model_validate(fields)
    database.write_sync(workflows.register, workflow, source="", now=now())
    return workflow


def run_of(workflow):
    ref = WorkflowRef(name=workflow.workflow, version=workflow.version, sha256=workflow.sha256)
    return Run(id=clock.new_id(), workflow=ref, created_at=now(), updated_at=now())


def test_a_run_with_very_many_questions_is_loaded_with_all_of_them(database, catalog):
    run = run_of(register(database, "test", ASK))

    def fill(tx):
        runs.create(tx, run)
        for number in range(1001):
            offered = (Offered(id="go"),)
            asked = {"decision_id": clock.new_id(), "run_id": run.id, "workflow": "test", "kind": "choose"}
            more = {"point": "test/ask", "path": "ask", "visit": number + 1, "question": "What now"}
            questions.open_(tx, PersonQuestion(**asked, **more, options=offered, asked_at=now()))

    database.write_sync(fill)

    assert len(database.read_sync(loading.load, run, catalog).questions) == 1001


def test_a_run_that_has_not_begun_is_pinned_to_the_newest_sub_workflow_and_one_that_has_to_its_own(database):
    first = register(database, "inner", "a: {set: {n: 1}}")
    outer = register(database, "outer", "go: {run: inner}")
    newest = register(database, "inner", "a: {set: {n: 2}}", version="1.1.0")
    run = run_of(outer)
    begun = Numbered(1, Entry(kind="started", at=now(), body={"pinned": {"inner": first.sha256}}))

    assert database.read_sync(loading.definitions, run, []).pinned == {"inner": newest}
    assert database.read_sync(loading.definitions, run, [begun]).pinned == {"inner": first}


def test_a_definition_that_is_known_by_its_hash_is_not_read_again(database):
    workflow = register(database, "test", "a: {set: {n: 1}}")

    found = database.read_sync(loading.definitions, run_of(workflow), [], {workflow.sha256: workflow})

    assert found.workflow is workflow
