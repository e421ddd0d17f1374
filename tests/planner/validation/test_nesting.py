"""Tests of workflows that run workflows."""

from planner import documents


def workflow(name, runs=None, *, version=None):
    step = f"{{run: {runs}{f', version: {version}' if version else ''}}}" if runs else "{set: {}}"
    return documents.read(f"{{workflow: {name}, steps: {{a: {step}}}}}").workflow


def pairs(problems):
    return [(problem.code, problem.path) for problem in problems]


def test_an_unknown_workflow_is_told_with_the_nearest(check):
    (problem,) = check("a: {run: othr}\nb: {run: othr}", workflows={"other": workflow("other")})

    assert (problem.code, problem.path) == ("unknown-workflow", "/steps/a/run")
    assert "'other'" in problem.remedy


def test_a_workflow_that_runs_itself_never_ends(check):
    assert pairs(check("a: {run: test}")) == [("endless-nesting", "/steps/a/run")]


def test_workflows_that_run_each_other_never_end(check):
    known = {"b": workflow("b", "c"), "c": workflow("c", "test")}
    (problem,) = check("a: {run: b}", workflows=known)

    assert problem.code == "endless-nesting"
    assert "test → b → c → test" in problem.message


def test_a_loop_further_down_is_not_blamed_on_this_one(check):
    assert check("a: {run: b}", workflows={"b": workflow("b", "b")}) == []


def test_workflows_that_come_to_an_end_are_fine(check):
    known = {"b": workflow("b", "c"), "c": workflow("c")}

    assert check("a: {run: b}\nd: {run: c}", workflows=known) == []


def test_another_version_is_another_workflow(check):
    known = {"b": workflow("b", "test", version="9.9.9")}

    assert check("a: {run: b}", workflows=known) == []
