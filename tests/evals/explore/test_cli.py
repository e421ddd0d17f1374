"""The explorer's command line."""

import json
import shutil
import textwrap
from pathlib import Path

from typer.testing import CliRunner

from evals.cli import app

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop"


def run(*words):
    return CliRunner().invoke(app, ["explore", *words])


def test_one_json_document_tells_status_paths_states_seconds_violations_and_coverage():
    ran = run("notify-customer", "--project", str(SHOP), "--faults", "2", "--json")
    told = json.loads(ran.stdout)

    assert ran.exit_code == 0
    assert told["schema"] == "evals-exploration/1"
    assert (told["status"], told["violations"], told["bounds"]["faults"]) == ("COMPLETE", [], 2)
    assert told["paths"] > told["states"] > 50
    assert told["seconds"] > 0
    assert told["coverage"]["outcomes"]["missing"] == []


def test_people_read_what_was_covered_and_how_far_it_went():
    ran = run("notify-customer", "--project", str(SHOP), "--faults", "1")

    assert "coverage: 1 of 1 steps" in ran.stdout
    assert "COMPLETE at 1 fault: 0 violations" in ran.stdout


def test_a_search_that_was_cut_short_is_no_success():
    ran = run("checkout", "--project", str(SHOP), "--max-states", "5")

    assert ran.exit_code == 1
    assert "not complete: the bound of 5 states was reached" in ran.stdout
    assert "INCOMPLETE at 2 faults" in ran.stdout


def test_a_workflow_that_is_not_there_is_told_with_what_there_is():
    ran = run("chekout", "--project", str(SHOP), "--json")

    assert ran.exit_code == 5
    assert json.loads(ran.stdout)["error"]["code"] == "workflow-unknown"


def test_a_folder_without_a_catalogue_is_told(tmp_path):
    ran = run("any", "--project", str(tmp_path))

    assert ran.exit_code == 2
    assert "catalog.yaml" in ran.stderr


def test_a_found_path_is_told_as_a_story_and_written_as_a_case(folder, tmp_path):
    text = """
    workflow: settle
    steps:
      pay: {call: bank.charge, with: {order: o-1, amount: 2.5}, recover: {by: rule}}
    invariants: {never: ["effects.exists(e, e.operation == 'bank.charge')"]}
    """
    own = Path(shutil.copytree(folder, tmp_path / "project"))
    (own / "workflows" / "settle.yaml").write_text(text)

    ran = run("settle", "--project", str(own), "--out", str(tmp_path))

    assert ran.exit_code == 1
    assert "  1. bank.charge answers." in ran.stdout
    assert "shows it with `planner eval run`" in ran.stdout


def test_random_paths_are_drawn_where_that_is_wanted():
    ran = run("notify-customer", "--project", str(SHOP), "--random", "20")

    assert ran.exit_code == 1
    assert "20 paths were drawn at random" in ran.stdout


def test_a_workflow_in_a_file_of_its_own_is_explored_with_the_project_around_it(tmp_path):
    text = (
        "workflow: tell\nsteps: {tell: {run: notify-customer, with: {to: a@b.c, template: t, subject: s}}}\n"
    )
    (tmp_path / "tell.yaml").write_text(text)

    ran = run(str(tmp_path / "tell.yaml"), "--project", str(SHOP), "--faults", "1", "--json")

    assert (ran.exit_code, json.loads(ran.stdout)["workflow"]) == (0, "tell")


def test_a_file_that_holds_no_valid_workflow_is_told_with_its_place(tmp_path):
    (tmp_path / "odd.yaml").write_text("workflow: odd\nsteps: {a: {call: orders.getOrdr}}\n")

    ran = run(str(tmp_path / "odd.yaml"), "--project", str(SHOP))

    assert ran.exit_code == 2
    assert "orders.getOrdr" in ran.stderr


def test_all_or_none_of_the_states_that_count_as_one_are_compared_as_it_is_told():
    words = ("notify-customer", "--project", str(SHOP), "--faults", "2", "--json")

    none, every = (json.loads(run(*words, "--memo-check", share).stdout)["checked"] for share in ("0", "1"))

    assert none == 0
    assert every > 10


def test_one_invariant_alone_is_looked_at(folder, tmp_path):
    text = """
    workflow: settle
    steps:
      pay: {call: bank.charge, with: {order: o-1, amount: 2.5}, recover: {by: rule}}
    invariants:
      never: ["effects.exists(e, e.operation == 'bank.charge')"]
      always: ["effects.size() == 0"]
    """
    own = Path(shutil.copytree(folder, tmp_path / "project"))
    (own / "workflows" / "settle.yaml").write_text(text)
    words = ("settle", "--project", str(own), "--faults", "0", "--json")

    one = json.loads(run(*words, "--invariant", "always effects.size() == 0").stdout)
    other = json.loads(run(*words, "--invariant", "no-double-effect").stdout)

    assert {each["invariant"] for each in one["violations"]} == {"always effects.size() == 0"}
    assert (other["violations"], other["status"]) == ([], "COMPLETE")


def test_an_invariant_that_there_is_none_of_is_told_with_those_that_there_are():
    ran = run("notify-customer", "--project", str(SHOP), "--invariant", "no-double", "--json")

    assert ran.exit_code == 2
    assert json.loads(ran.stdout)["error"]["code"] == "invariant-unknown"
    assert "no-double-effect" in ran.stderr


def test_the_same_seed_draws_the_same_paths_and_another_draws_others():
    words = ("checkout", "--project", str(SHOP), "--random", "8", "--json")

    first, again, other = (
        json.loads(run(*words, "--seed", seed).stdout)["coverage"] for seed in ("1", "1", "2")
    )

    assert first == again
    assert first != other


def test_fault_positions_and_answers_that_come_together_are_told():
    words = ("notify-customer", "--project", str(SHOP))

    none, one = (json.loads(run(*words, "--faults", n, "--json").stdout)["coverage"] for n in ("0", "1"))
    told = run(*words, "--faults", "1").stdout

    assert none["positions"]["covered"] == 0
    assert "send, notifications.send: timeout, applied" in none["positions"]["missing"]
    assert one["positions"]["missing"] == []
    assert one["together"]["t"] == 2
    assert f"{one['positions']['covered']} of {one['positions']['total']} fault positions" in told
    assert "pairs of answers to different points" in told


def test_all_orders_of_branches_are_taken_where_that_is_wanted(tmp_path):
    text = """
    workflow: beside
    version: 1.0.0
    goal: Look at two things.
    steps:
      both:
        parallel:
          left: {a: {call: ops.getMetrics, with: {service: s}}}
          right: {b: {call: ops.getDeploys, with: {service: s}}}
    """
    (file := tmp_path / "beside.yaml").write_text(textwrap.dedent(text))
    words = (str(file), "--project", str(SHOP), "--faults", "0", "--json")
    one, every = (json.loads(run(*words, *more).stdout) for more in ((), ("--all-orders",)))

    assert (one["status"], every["status"]) == ("COMPLETE", "COMPLETE")
    assert (one["states"], every["states"]) == (2, 5)
