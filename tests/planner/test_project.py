"""Tests of what a project's folder holds."""

import pytest

from planner import project, settings
from planner.errors import DefinitionInvalid
from tools.catalog import Catalog
from tools.errors import CatalogInvalid, DocumentInvalid

GOOD = "workflow: good\nsteps:\n  a: {set: {x: 1}}\n"
NOTHING = Catalog({}, {})


@pytest.fixture
def config(tmp_path):
    (tmp_path / "workflows").mkdir()
    return settings.load(project=tmp_path)


def test_a_project_without_a_catalogue_has_an_empty_one(config):
    assert project.load_catalog(config).operations == {}


def test_a_catalogue_that_was_named_must_be_there(config, tmp_path):
    named = settings.load(project=tmp_path, catalog=tmp_path / "other.yaml")

    with pytest.raises(CatalogInvalid):
        project.load_catalog(named)


def test_every_workflow_is_read_with_its_text(config):
    file = config.workflows_folder / "good.yaml"
    file.write_text(GOOD, encoding="utf-8")

    ((name, (workflow, text)),) = project.load_workflows(config, NOTHING).items()

    assert (name, workflow.workflow, text) == (str(file), "good", GOOD)


def test_every_problem_of_every_file_is_told_at_once(config):
    folder = config.workflows_folder
    (folder / "a.yaml").write_text("workflow: a\nsteps:\n  x: {call: no.where}\n", encoding="utf-8")
    (folder / "b.json").write_text("[]", encoding="utf-8")
    (folder / "c.yml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(DefinitionInvalid) as told:
        project.load_workflows(config, NOTHING)

    assert {problem.code for problem in told.value.problems} == {
        "unknown-operation",
        "not-a-mapping",
        "file-unreadable",
    }


def test_workflows_of_one_folder_know_each_other(config):
    folder = config.workflows_folder
    (folder / "outer.yaml").write_text("workflow: outer\nsteps:\n  a: {run: good}\n", encoding="utf-8")
    (folder / "zz.yaml").write_text(GOOD, encoding="utf-8")

    assert len(project.load_workflows(config, NOTHING)) == 2


def test_evals_and_other_files_are_no_workflows(config):
    for name in ("a.yaml", "b.eval.yaml", "c.eval.yml", "d.txt", "e.json", "f.yml"):
        (config.workflows_folder / name).write_text(GOOD, encoding="utf-8")
    (config.workflows_folder / "g.yaml").mkdir()

    found = [path.name for path in project.files(config.workflows_folder)]

    assert found == ["a.yaml", "e.json", "f.yml"]


def test_what_can_be_read_is_found_beside_what_cannot(config):
    (config.workflows_folder / "good.yaml").write_text(GOOD, encoding="utf-8")
    (config.workflows_folder / "bad.yaml").write_text("- a\n", encoding="utf-8")
    (config.workflows_folder / "worse.yaml").write_bytes(b"\xff\xfe\x00")

    assert list(project.readable(config)) == ["good"]


def test_a_text_that_cannot_be_read_is_a_problem_with_its_file(tmp_path):
    with pytest.raises(DocumentInvalid) as told:
        project.text(tmp_path / "nowhere.yaml")

    (problem,) = told.value.problems
    assert (problem.code, problem.file) == ("file-unreadable", str(tmp_path / "nowhere.yaml"))
