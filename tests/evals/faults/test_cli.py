"""The fault table's command line, over the shop."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from evals.cli import app
from evals.faults.classes import SERVICE_CLASSES
from planner.faults import cases

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop"


def run(*words):
    return CliRunner().invoke(app, ["faults", *words])


def test_every_call_of_a_workflow_survives_every_service_fault():
    ran = run("notify-customer", "--project", str(SHOP), "--json")
    told = json.loads(ran.stdout)

    (row,) = told["workflows"][0]["rows"]
    assert ran.exit_code == 0
    assert [cell["fault"] for cell in row["cells"]] == [each.name for each in SERVICE_CLASSES]
    assert told["totals"] == {"passed": len(SERVICE_CLASSES), "failed": 0, "not_reached": 0}


def test_a_decision_meets_every_fault_of_the_registry_and_takes_its_otherwise():
    ran = run("late-order", "--project", str(SHOP), "--point", "resolve", "--json")
    told = json.loads(ran.stdout)

    (row,) = told["workflows"][0]["rows"]
    classes = {cell["fault"]: cell["outcome"] for cell in row["cells"]}
    assert ran.exit_code == 0
    assert classes == {fault.name: fault.outcome_class for fault in cases.every()}


def test_a_workflow_that_breaks_its_own_invariant_fails_in_every_cell_where_it_does(tmp_path):
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("evals"))
    workflow = tmp_path / "shop" / "workflows" / "notify-customer.yaml"
    told = workflow.read_text(encoding="utf-8")
    rule = "\ninvariants:\n  never: ['size(effects) > 0']\n"
    workflow.write_text(told + rule, encoding="utf-8")

    ran = run("notify-customer", "--project", str(tmp_path / "shop"))

    assert ran.exit_code == 1
    assert "failed: send (notifications.send)" in ran.stdout
    assert "size(effects) > 0" in ran.stdout


def test_people_read_the_counts_by_class():
    ran = run(str(SHOP / "workflows" / "notify-customer.yaml"), "--point", "notifications.send")

    assert "send (notifications.send)  applied_bad 2, not_sent 3, rejected 3, unknown 6" in ran.stdout


def test_a_workflow_that_is_not_there_is_wrong_usage_and_a_point_that_is_not_there_reaches_nothing():
    unknown = run("nothing", "--project", str(SHOP), "--json")

    assert (unknown.exit_code, json.loads(unknown.stdout)["error"]["code"]) == (2, "workflow-unknown")
    assert run("notify-customer", "--project", str(SHOP), "--point", "nowhere").exit_code == 5
