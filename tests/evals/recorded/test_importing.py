"""Runs of production become cases that come to the same."""

import pytest

from evals import load, runner
from evals.recorded import importing
from evals.recorded.importing import Wanted
from examples.shop.demo import PROJECT

JOBS = runner.jobs(load.load(load.find([PROJECT / "evals"])))


def imported(production, job, run_id):
    project = job.loaded.project
    found = importing.take(production.database, [Wanted(run_id)], project)
    assert found.refused == {}
    text = importing.suite("recorded", found.cases)
    (result,) = importing.play(text, "", project)
    return text, result


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_run_of_the_shop_imports_as_a_case_that_passes(job, production):
    run_id = production.run(job)
    text, result = imported(production, job, run_id)
    assert (result.status, result.reason, result.drift) == ("passed", "", ()), text
