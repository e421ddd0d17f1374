"""Runs of production become cases that come to the same."""

import pytest
import yaml
from typer.testing import CliRunner

from evals import load, runner
from evals.cli import app
from evals.recorded import importing
from evals.recorded.importing import Wanted
from examples.shop import demo
from examples.shop.demo import PROJECT

JOBS = runner.jobs(load.load(load.find([PROJECT / "evals"])))


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
