"""The commands print one line a case or one document, and their exit codes tell what happened."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import main
from evals import stage
from evals.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAID = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
"""


def invoked(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def written(desk, status="succeeded"):
    return desk.file(desk.case(f"tags: [money]\n{PAID}\nexpect: {{status: {status}}}"))


def test_a_green_suite_exits_0_with_a_line_a_case(desk, folder):
    result = invoked("run", written(desk), "--project", folder)
    assert result.exit_code == 0
    first, last = result.stdout.splitlines()
    assert first.startswith("PASS  small/one-case (")
    assert last.startswith("1 case: 1 passed in ")


def test_a_terminal_shows_the_same_line_in_colour(desk, folder, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    result = invoked("run", written(desk), "--project", folder)
    assert "\x1b[32mPASS" in result.stdout
    assert "small/one-case" in result.stdout


def test_a_terminal_beside_the_output_shows_how_far_it_is_but_not_with_json(desk, folder, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    shown = invoked("run", written(desk), "--project", folder)
    assert ("cases" in shown.stderr, "100%" in shown.stderr, "100%" in shown.stdout) == (True, True, False)
    silent = invoked("run", written(desk), "--project", folder, "--json")
    assert (silent.stderr, json.loads(silent.stdout)["totals"]["passed"]) == ("", 1)


def test_a_wrong_expectation_exits_1_with_the_first_difference(desk, folder):
    result = invoked("run", written(desk, "failed"), "--project", folder, "--engine", "driver")
    assert result.exit_code == 1
    assert (
        result.stdout.splitlines()[0] == 'FAIL  small/one-case: /status expected "failed", found "succeeded"'
    )


def test_a_wrong_file_exits_2_and_tells_every_problem(desk, folder):
    file = desk.file(desk.case("modle: {}\nexpect: {status: a}"))
    for verb in ("run", "validate"):
        result = invoked(verb, file, "--project", folder)
        assert result.exit_code == 2
        assert "small.eval.yaml:7:3: /cases/0/modle: [unknown-field]" in result.stderr + result.stdout


def test_wrong_usage_exits_2(desk, folder, tmp_path):
    assert invoked("run", "--engine", "steam").exit_code == 2
    assert invoked("run", tmp_path / "nowhere").exit_code == 2
    assert invoked("run", written(desk), "--project", folder, "-k", "and").exit_code == 2
    assert invoked("run", written(desk)).exit_code == 2
    assert invoked("run", written(desk), "--project", tmp_path).exit_code == 2
    assert invoked("validate", written(desk), "--project", tmp_path).exit_code == 2


def test_a_broken_harness_exits_3(desk, folder):
    async def broken(_frame, _ctx):
        raise RuntimeError("a bug")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "ENGINES", {"driver": broken})
        result = invoked("run", written(desk), "--project", folder, "--engine", "driver")
    assert result.exit_code == 3
    assert "ERROR small/one-case: RuntimeError: a bug" in result.stdout


def test_an_empty_folder_exits_5(desk, folder, tmp_path):
    for verb in ("run", "validate"):
        assert invoked(verb, tmp_path, "--project", folder).exit_code == 5
    assert "nothing found is no success" in invoked("run", tmp_path).stderr
    assert invoked("run", written(desk), "--project", folder, "--case", "another").exit_code == 5
    assert invoked("run", written(desk), "--project", folder, "-t", "another").exit_code == 5


def test_json_is_one_document(desk, folder):
    result = invoked("run", written(desk), "--project", folder, "--json", "-t", "money", "-k", "one")
    told = json.loads(result.stdout)
    assert (told["suite"], told["totals"]["passed"]) == ("small", 1)
    case = told["cases"][0]
    assert (case["id"], case["status"], case["reason"]) == ("one-case", "passed", "")
    assert case["checks"] == [{"name": "/status", "ok": True, "difference": None}]
    assert case["path"] == ["seen", "how", "charge", "after"]
    assert [each["choice"] for each in case["decisions"]] == ["card"]
    assert [each["operation"] for each in case["calls"]] == ["bank.look", "bank.charge"]
    assert case["run"]["status"] == "succeeded"


def test_json_tells_problems_too(desk, folder, tmp_path):
    file = desk.file(desk.case("modle: {}\nexpect: {status: a}"))
    told = json.loads(invoked("run", file, "--project", folder, "--json").stdout)
    assert told["error"]["problems"][0]["code"] == "unknown-field"
    told = json.loads(invoked("validate", file, "--project", folder, "--json").stdout)
    assert told["problems"][0]["line"] == 7
    told = json.loads(invoked("run", tmp_path / "none.eval.yaml", "--json").stdout)
    assert told["error"]["code"] == "suite-invalid"


def test_a_valid_file_is_told_so(desk, folder):
    result = invoked("validate", written(desk), "--project", folder)
    assert (result.exit_code, result.stdout) == (0, "1 file, 0 problems\n")


def test_the_schema_is_published():
    told = json.loads(invoked("schema").stdout)
    assert told["title"] == "Eval suite"
    assert "Case" in told["$defs"]


@pytest.mark.acceptance
def test_the_module_runs_as_a_program(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "evals", "run", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (5, "")


def test_results_are_accepted_and_compared_with_later_ones(tmp_path):
    folder = tmp_path / "project"
    (folder / "workflows").mkdir(parents=True)
    (folder / "catalog.yaml").write_text("services: {}\n")
    workflow = "workflow: small\nsteps: {a: {set: {x: 1}}}\noutput: '${a.x}'\n"
    (folder / "workflows" / "small.yaml").write_text(workflow)
    case = "schema: evals/1\nsuite: small\nworkflow: small\ncases: [{id: one, expect: {output: 1}}]\n"
    (folder / "small.eval.yaml").write_text(case)
    results, base = tmp_path / "results.json", tmp_path / "evals" / "baseline.json"

    results.write_text(CliRunner().invoke(app, ["run", str(folder), "--json"]).output)
    accepted = CliRunner().invoke(app, ["accept", str(results), "--to", str(base)])
    same = CliRunner().invoke(app, ["compare", str(base), str(results)])
    (folder / "workflows" / "small.yaml").write_text(workflow.replace("x: 1", "x: 2"))
    results.write_text(CliRunner().invoke(app, ["run", str(folder), "--json"]).output)
    changed = CliRunner().invoke(app, ["compare", str(base), str(results), "--fail-on", "any", "--json"])
    odd = CliRunner().invoke(app, ["compare", str(base), str(folder / "catalog.yaml")])

    assert (accepted.exit_code, "1 cases are accepted" in accepted.output) == (0, True)
    assert (same.exit_code, "nothing changed" in same.output) == (0, True)
    assert (changed.exit_code, json.loads(changed.output)["failures"]) == (
        1,
        ["small/one (changed definition)"],
    )
    assert odd.exit_code == 2


def test_a_pending_case_closes_no_gate_and_drift_stands_below_its_line(desk, folder, tmp_path):
    rest = f"{PAID}\nreview: pending\nrecorded: {{run: r-1, catalog: then, workflows: {{}}}}\n"
    file = desk.file(desk.case(f"{rest}\nexpect: {{status: failed}}"))
    result = invoked("run", file, "--project", folder, "-o", tmp_path / "out.xml")
    assert result.exit_code == 0
    line, *drift, last = result.stdout.splitlines()
    assert line == 'PEND  small/one-case: /status expected "failed", found "succeeded"'
    assert drift[0] == "DRIFT workflow pay was not run when it was recorded"
    assert drift[1].startswith("DRIFT the catalogue is ")
    assert last.startswith("1 case: 1 pending in ")
    assert 'skipped="1"' in (tmp_path / "out.xml").read_text()
    (case,) = json.loads(invoked("run", file, "--project", folder, "--json").stdout)["cases"]
    assert (case["status"], case["review"], len(case["drift"])) == ("pending", "pending", 2)


VERBS = (
    *("validate", "run", "faults", "explore", "import", "replay", "score", "compare", "accept"),
    *("coverage", "report", "serve-mock", "verify-log"),
)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_answers_with_json_on_both_command_lines_and_tells_its_exit_codes(verb, capsys):
    own = invoked(verb, "--help").stdout
    assert main(["eval", verb, "--help"]) == 0
    planners = capsys.readouterr().out

    for told in (own, planners):
        assert "--json" in told
        assert "Exit codes: 0" in " ".join(told.replace("│", " ").split())


def test_nothing_to_serve_and_nothing_to_count_exit_5_too(tmp_path):
    assert invoked("serve-mock", tmp_path, "--json").exit_code == 5
