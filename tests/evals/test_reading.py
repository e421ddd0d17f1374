"""Written results are scored, counted and shown by verbs of their own, with documented exit codes."""

import json

from typer.testing import CliRunner

from evals.cli import app

CASE = """
model: {how: card}
services:
  bank.look: {return: {id: l-1, amount: 1}}
  bank.charge: {return: {id: c-1, amount: 5.0}}
expect: {status: succeeded}
"""


def invoked(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_a_run_is_written_then_scored_counted_and_shown(desk, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, result = desk.file(desk.case(CASE)), tmp_path / "result.json"
    both = ("--project", folder)
    assert invoked("run", file, *both, "-j", "2", "-o", result, "-o", tmp_path / "j.xml").exit_code == 0
    origin = json.loads(result.read_text())["provenance"]
    assert (origin["prompts"], [each["name"] for each in origin["workflows"]]) == (["choose/1"], ["pay"])

    desk.file(desk.case(CASE.replace("succeeded", "failed")))
    scored = invoked("score", result, *both, "-o", tmp_path / "scored.json")
    assert (scored.exit_code, scored.stdout.startswith("FAIL  small/one-case")) == (1, True)
    assert invoked("run", file, *both).exit_code == 1
    assert "1 case: 1 failed" in invoked("run", file, *both, "--last-failed").stdout

    told = json.loads(invoked("coverage", result, "--json").stdout)["workflows"][0]
    assert (told["workflow"], told["steps"]["covered"], told["steps"]["total"]) == ("pay", 4, 5)
    assert "pay 0.1.0, 1 cases: 4 of 5 steps" in invoked("coverage", result).stdout
    shown = invoked("report", tmp_path / "scored.json", "--baseline", result, "-o", "r.html", "-o", "r.md")
    assert (shown.exit_code, shown.stdout) == (0, "Written to r.html, r.md.\n")
    assert "changed definition" in (tmp_path / "r.md").read_text()


def test_wrong_files_exit_2(tmp_path, desk, folder):
    odd = tmp_path / "odd.json"
    odd.write_text("{}")
    assert [invoked(verb, odd).exit_code for verb in ("score", "coverage", "report")] == [2, 2, 2]
    assert json.loads(invoked("score", odd, "--json").stdout)["error"]["code"] == "result-invalid"
    file = desk.file(desk.case(CASE))
    assert invoked("run", file, "--project", folder, "-o", "result.pdf").exit_code == 2
