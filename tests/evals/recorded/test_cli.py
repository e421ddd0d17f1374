"""`eval import` and `eval verify-log`, as a user calls them."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from evals import jobs, load
from evals.cli import app
from examples.shop.demo import PROJECT
from planner.clock import new_id

JOBS = {job.case.id: job for job in jobs.listed(load.load(load.find([PROJECT / "evals"])))}
PAID = "a-lost-answer-is-looked-up-and-paid-once"


def invoked(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def invoke(production):
    """Return how a verb is called on the database of the test."""

    def call(verb, *more, project=PROJECT):
        return invoked(verb, *more, "--database", production.url, "--project", project)

    return call


def test_a_run_is_written_as_a_case_that_the_next_command_runs(production, invoke, tmp_path):
    run_id, file = production.run(JOBS[PAID]), tmp_path / "new" / "paid.eval.yaml"
    result = invoke("import", "--run", run_id, "-o", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"PASS  paid/late-order-{run_id}" in result.stdout
    assert "1 imported, 1 of them come to the same here; they are pending" in result.stdout
    (case,) = yaml.safe_load(file.read_text())["cases"]
    assert (case["review"], case["source"]) == ("pending", {"kind": "recorded", "ref": run_id})
    assert case["services"]["payments.refund"][0]["applied"] is True
    again = invoked("run", file, "--project", PROJECT)
    assert (again.exit_code, again.stdout.count("PASS")) == (0, 1)


def test_what_is_there_already_is_not_written_over(production, invoke, tmp_path):
    file = tmp_path / "paid.eval.yaml"
    file.write_text("reviewed")
    result = invoke("import", "--run", production.run(JOBS[PAID]), "-o", file)
    assert (result.exit_code, file.read_text()) == (2, "reviewed")
    assert invoke("import", "--run", "x", "-o", tmp_path / "paid.yaml").exit_code == 2


def test_without_a_file_the_cases_are_printed(production, invoke):
    result = invoke("import", "--workflow", "checkout")
    assert result.exit_code == 5
    run_id = production.run(JOBS["an-order-goes-all-the-way"])
    result = invoke("import", "--workflow", "checkout", "--since", "2026-01-01")
    assert result.exit_code == 0
    assert yaml.safe_load(result.stdout)["cases"][0]["recorded"]["run"] == run_id
    told = json.loads(invoke("import", "--run", run_id, "--json").stdout)
    assert [(each["run"], each["reproduces"], each["drift"]) for each in told["cases"]] == [
        (run_id, True, [])
    ]
    assert yaml.safe_load(told["suite"])["workflow"] == "checkout"
    assert invoke("import", "--since", "2026-02-01").exit_code == 5


def test_a_decision_leads_to_its_run(production, invoke):
    run_id = production.run(JOBS[PAID])
    (first, *_) = production.decisions(run_id)
    told = json.loads(invoke("import", "--decision", first.decision_id, "--json").stdout)
    assert [each["run"] for each in told["cases"]] == [run_id]
    assert yaml.safe_load(told["suite"])["cases"][0]["source"]["ref"] == first.decision_id


def test_what_does_not_exist_is_told(invoke, tmp_path):
    assert invoke("import").exit_code == 2
    assert invoke("import", "--decision", new_id()).exit_code == 5
    unknown = new_id()
    result = invoke("import", "--run", unknown)
    assert result.exit_code == 1
    assert f"run {unknown} cannot be imported: there is no run" in result.stderr
    nowhere = invoked(
        "import", "--run", "x", "--database", f"sqlite:///{tmp_path}/no.db", "--project", PROJECT
    )
    assert (nowhere.exit_code, "there is no database" in nowhere.stderr) == (2, True)


def test_the_log_is_verified_as_the_planner_does(production, invoke):
    production.run(JOBS[PAID])
    file = production.url.removeprefix("sqlite:///")
    good = invoked("verify-log", file)
    assert (good.exit_code, "The log is as it was written." in good.stdout) == (0, True)
    assert json.loads(invoked("verify-log", production.url, "--json").stdout)["ok"] is True
    production.tamper()
    bad = invoked("verify-log", file, "--json")
    assert (bad.exit_code, json.loads(bad.stdout)["ok"]) == (1, False)
    told = invoked("verify-log", file).stdout
    assert "The log is NOT as it was written: " in told
    assert "[edited]" in told
    assert invoked("verify-log", file + ".none").exit_code == 2


def test_runs_are_replayed_and_each_has_a_line(production, invoke, small):
    assert invoke("replay").exit_code == 5
    run_id = production.run(JOBS[PAID])
    result = invoke("replay", "--since", "2026-01-01")
    assert (result.exit_code, result.stdout) == (0, f"same     late-order {run_id}\n1 run: 1 same\n")
    told = json.loads(invoke("replay", run_id, "--json").stdout)
    assert (told["totals"]["same"], told["runs"][0]["divergence"]) == (1, None)
    refused = invoke("replay", run_id, project=small.folder)
    assert (refused.exit_code, refused.stdout.startswith(f"refused  {run_id}: ")) == (1, True)


def test_heads_that_cannot_be_read_are_told_as_json_where_that_is_asked_for(production, tmp_path):
    told = invoked("verify-log", production.url, "--heads", tmp_path / "none.jsonl", "--json")

    assert told.exit_code == 2
    (problem,) = json.loads(told.stdout)["error"]["problems"]
    assert "none.jsonl" in f"{problem}"
