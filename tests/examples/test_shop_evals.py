"""The shop's cases: all of them pass, and both engines give equal traces on every one."""

from pathlib import Path

import pytest

from evals import answers, cases, jobs, load, match, runner, stage
from evals.answers import ModelAnswer, PersonAnswer, ServiceAnswer
from evals.expectations import DecisionExpectation, Expect, Spent
from examples.shop.demo import PROJECT

DOC = Path(__file__).resolve().parents[2] / "docs" / "evals.md"
LOADED = load.load(load.find([PROJECT / "evals"]))
JOBS = jobs.listed(LOADED)


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
    results = [runner.run(job, engine="driver") for job in JOBS if job.loaded.suite.suite == "late-order"]
    chosen = {
        each["choice"] for result in results for each in result.trace.decisions if each["path"] == "resolve"
    }
    assert chosen == {"refund", "reship", "wait", "person"}
    assert {result.status for result in results} == {"passed"}


def test_the_case_in_the_documentation_passes(tmp_path):
    text = DOC.read_text(encoding="utf-8")
    block = next(part for part in text.split("```yaml\n")[1:] if part.startswith("schema: evals/1"))
    file = tmp_path / "doc.eval.yaml"
    file.write_text(block.partition("```")[0], encoding="utf-8")
    results = [runner.run(job) for job in jobs.listed(load.load([file], folder=PROJECT))]
    assert [(each.status, each.reason) for each in results] == [("passed", "")]


def test_the_documentation_names_every_word_of_the_format():
    text = DOC.read_text(encoding="utf-8")
    words = {*match.MATCHERS, *answers.MODEL_FAULTS, *Expect.model_fields, *ModelAnswer.model_fields}
    words |= {field.alias or name for name, field in ServiceAnswer.model_fields.items()}
    words |= {*DecisionExpectation.model_fields, *PersonAnswer.model_fields, *Spent.model_fields}
    missing = sorted(word for word in words - {"finish_reason"} if word not in text)
    assert missing == []
