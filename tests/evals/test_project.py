"""A project is read whole, or every problem is told."""

import pytest

from evals import project
from evals.errors import ProjectMissing, SuiteInvalid
from planner.errors import WorkflowUnknown


def test_workflows_are_found_by_name_and_version(small):
    assert small.find("pay").workflow == "pay"
    assert small.find("pay", "0.1.0").version == "0.1.0"
    with pytest.raises(WorkflowUnknown):
        small.find("pay", "9.9.9")
    with pytest.raises(WorkflowUnknown, match="pay"):
        small.find("pai")
    assert small.program(small.find("pay")) is small.program(small.find("pay"))


def test_a_broken_project_tells_its_problems(tmp_path):
    with pytest.raises(ProjectMissing):
        project.load(tmp_path)
    (tmp_path / "catalog.yaml").write_text("servces: {}\n", encoding="utf-8")
    with pytest.raises(SuiteInvalid, match="servces"):
        project.load(tmp_path)
    (tmp_path / "catalog.yaml").write_text("services: {}\n", encoding="utf-8")
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "a.yaml").write_text(
        "workflow: a\nsteps: {x: {call: no.where}}\n", encoding="utf-8"
    )
    with pytest.raises(SuiteInvalid, match=r"no\.where"):
        project.load(tmp_path)
    (tmp_path / "workflows" / "a.yaml").write_bytes(b"\xff")
    with pytest.raises(SuiteInvalid, match="UTF-8"):
        project.load(tmp_path)
