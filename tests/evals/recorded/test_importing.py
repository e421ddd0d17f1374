"""Runs of production become cases that come to the same."""

import pytest
import yaml
from typer.testing import CliRunner

from evals import jobs, load
from evals.cli import app
from evals.project import Project
from evals.recorded import importing
from evals.recorded.importing import Wanted
from examples.shop import demo
from examples.shop.demo import PROJECT
from planner.definition import Workflow

JOBS = jobs.listed(load.load(load.find([PROJECT / "evals"])))


def imported(production, job, run_id):
    project = job.loaded.project
    found = importing.take(production.database, [Wanted(run_id)], project)
    assert found.refused == {}
    text = importing.suite("recorded", found.cases)
    (production.folder / "recorded.eval.yaml").write_text(text)
    assert load.check(production.folder / "recorded.eval.yaml", project).problems == ()
    (result,) = importing.play(text, "", project)
    return text, result


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_run_of_the_shop_imports_as_a_case_that_passes(job, production):
    run_id = production.run(job)
    text, result = imported(production, job, run_id)
    assert (result.status, result.reason, result.drift) == ("passed", "", ()), text


@pytest.mark.acceptance
def test_a_run_over_http_imports_and_passes_when_nothing_is_there_any_more(tmp_path):
    with demo.stage(tmp_path) as at:
        told = demo.play(at)
    run_id, file = told.run["id"], tmp_path / "demo.eval.yaml"
    assert told.run["status"] == "succeeded"
    database = ("--database", f"sqlite:///{tmp_path / 'planner.db'}", "--project", str(PROJECT))
    result = CliRunner().invoke(app, ["import", "--run", run_id, "-o", str(file), *database])
    assert (result.exit_code, result.stdout.count("PASS"), "DRIFT" in result.stdout) == (0, 1, False)
    (case,) = yaml.safe_load(file.read_text())["cases"]
    assert case["expect"]["decisions"]["refund"][0]["choose"] == "reconcile"
    assert case["services"]["payments.refund"][0]["applied"] is True
    replayed = CliRunner().invoke(app, ["replay", run_id, *database])
    assert replayed.stdout.startswith(f"same     late-order {run_id}")


THRIFTY = """
workflow: thrifty
input: {type: object}
steps:
  how:
    decide: How
    options: {go: {then: end}, stop: {then: end}}
    otherwise: stop
    budget: BUDGET
output: {way: "${how.choice}"}
"""


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("{model_calls: 1}", {"content": "no choice"}),
        ("{model_calls: 2}", {"attempts": [{"fault": "unavailable"}, {"content": "no choice"}]}),
        ("{tokens: 100}", {"content": "no choice", "usage": [90, 20]}),
        ("{tokens: 100}", {"attempts": [{"fault": "unavailable"}, {"content": "no", "usage": [90, 20]}]}),
    ],
)
def test_a_decision_that_its_budget_ended_after_requests_is_imported_with_them(
    production, small, budget, said
):
    flow = Workflow.model_validate(yaml.safe_load(THRIFTY.replace("BUDGET", budget)))
    wide = Project(small.folder, small.catalog, {**small.workflows, "thrifty": flow})
    told = {"id": "one", "workflow": "thrifty", "model": {"how": said}, "expect": {"status": "any"}}
    run_id = production.run(importing.job(told, wide))
    (made,) = production.decisions(run_id)
    assert (made.outcome_class, made.decided_by, bool(made.attempts)) == ("budget", "otherwise", True)

    found = importing.take(production.database, [Wanted(run_id)], wide)
    (result,) = importing.play(importing.suite("recorded", found.cases), "", wide)

    assert (found.refused, result.status, result.reason) == ({}, "passed", "")
    again = result.trace.decisions[0]
    assert len(again["attempts"]) == len(made.attempts)
    assert again["usage"]["input"] == made.usage.input
