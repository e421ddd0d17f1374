"""Explorations written down as cases, which the engine of production then takes."""

import shutil
from pathlib import Path

import pytest

from evals import jobs, load, runner
from evals.explore import exploration, files
from evals.explore.search import Bounds, Search
from evals.explore.subject import of_folder

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop"

STEPS = """
workflow: settle
steps:
  hold: {call: bank.hold, with: {order: o-1}}
  pay: {call: bank.charge, with: {order: o-1, amount: 2.5}, recover: {by: rule}}
invariants:
  never: ["effects.exists(e, e.operation == 'bank.charge') && decisions.exists(d, d.kind == 'recover')"]
"""


def searched(folder, name, faults=1):
    search = Search(of_folder(folder, name), Bounds(faults=faults))
    search.run()
    return search


def test_a_counterexample_is_a_case_that_fails_for_the_same_reason_in_production(folder, tmp_path):
    own = Path(shutil.copytree(folder, tmp_path / "project"))
    (own / "workflows" / "settle.yaml").write_text(STEPS)
    search = searched(own, "settle")

    found = list(exploration.fewest(search))
    written = files.counterexamples(search, found, tmp_path, own)
    told = exploration.exploration(search, written)

    assert {(each.faults, each.reproduced) for each in told.violations} == {(1, True)}
    unlooked = next(each for each in told.violations if each.invariant.startswith("never"))
    assert "bank.charge gives no answer, although it did the work." in unlooked.moves


@pytest.mark.parametrize("name", ["checkout", "late-order", "incident-triage", "notify-customer"])
def test_the_shop_is_complete_at_one_fault_and_its_cover_passes_on_the_engine_of_production(name, tmp_path):
    search = searched(SHOP, name)
    file = files.suite(search, tmp_path)

    results = [runner.run(job) for job in jobs.listed(load.load([file], folder=SHOP))]

    assert (search.found, search.reasons) == ([], [])
    assert [(each.id, each.reason) for each in results if each.status != "passed"] == []
