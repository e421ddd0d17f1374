"""The shop's cases: all of them pass, and both engines give equal traces on every one."""

import pytest

from evals import cases, load, report, runner, stage
from examples.shop.demo import PROJECT

LOADED = load.load(load.find([PROJECT / "evals"]))
JOBS = runner.jobs(LOADED)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_case_passes_and_both_engines_give_equal_traces(job):
    found = [runner.run(job, engine=engine) for engine in sorted(stage.ENGINES)]
    assert [(each.status, each.reason) for each in found] == [("passed", "")] * 2
    one, other = (each.trace.model_dump(exclude={"decisions", "effects"}) for each in found)
    assert one == other
    assert [_fixed(each) for each in found[0].trace.decisions] == [
        _fixed(each) for each in found[1].trace.decisions
    ]


def _fixed(decision):
    """Return a decision without what is measured on the real clock."""
    attempts = [{**each, "ms": 0} for each in decision["attempts"]]
    return {**decision, "attempts": attempts, "duration_ms": 0}


def test_the_suites_cover_every_workflow_and_option_of_resolve():
    assert {cases.setting(each.suite, each.suite.cases[0]).workflow for each in LOADED} == {
        "checkout",
        "incident-triage",
        "late-order",
    }
    assert len(JOBS) >= 12
    results = runner.run_all([job for job in JOBS if job.loaded.suite.suite == "late-order"], engine="driver")
    chosen = {
        each["choice"] for result in results for each in result.trace.decisions if each["path"] == "resolve"
    }
    assert chosen == {"refund", "reship", "wait", "person"}
    assert report.exit_code(results) == 0
