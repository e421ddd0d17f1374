"""Projects: the catalogue and the workflows that cases are about."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from evals.errors import ProjectMissing, SuiteInvalid
from graphs import blocks
from graphs.blocks import Program
from planner import documents, project
from planner.definition import Workflow
from planner.errors import WorkflowUnknown
from tools import catalog
from tools.catalog import Catalog
from tools.errors import CatalogInvalid, DocumentInvalid
from tools.problems import Problem

CATALOG, WORKFLOWS = "catalog.yaml", "workflows"


@dataclass(frozen=True)
class Project:
    """A folder with a catalogue and workflows, read."""

    folder: Path
    catalog: Catalog
    workflows: dict[str, Workflow]
    """By name; of several versions the newest."""
    _programs: dict[str, Program] = field(default_factory=dict)

    def find(self, name: str, version: str | None = None) -> Workflow:
        """Return a workflow by name.

        Raises:
            WorkflowUnknown: the project holds none of this name and version.
        """
        found = self.workflows.get(name)
        if found is None or version not in {None, found.version}:
            raise WorkflowUnknown(name, version, known=sorted(self.workflows))
        return found

    def joined(self, path: Path) -> tuple["Project", str]:
        """Return the project with the workflow of one more file, and that workflow's name.

        Raises:
            SuiteInvalid: the file holds no valid workflow.
        """
        try:
            text = project.text(path)
        except DocumentInvalid as exc:
            raise SuiteInvalid(exc.problems) from exc
        parsed = documents.check(text, file=str(path), catalog=self.catalog, workflows=self.workflows)
        if parsed.problems or parsed.workflow is None:
            raise SuiteInvalid(parsed.problems)
        name = parsed.workflow.workflow
        return Project(self.folder, self.catalog, {**self.workflows, name: parsed.workflow}), name

    def program(self, workflow: Workflow) -> Program:
        """Return the workflow made ready to run; equal content is compiled once."""
        if workflow.sha256 not in self._programs:
            self._programs[workflow.sha256] = blocks.program(workflow)
        return self._programs[workflow.sha256]


def nearest(path: Path) -> Path:
    """Return the nearest folder at or above a path that holds a catalogue.

    Raises:
        ProjectMissing: there is none.
    """
    start = path.resolve()
    found = next((each for each in (start, *start.parents) if (each / CATALOG).is_file()), None)
    if found is None:
        raise ProjectMissing(str(path))
    return found


def load(folder: Path) -> Project:
    """Return the project of a folder; modules in it can be named in its catalogue.

    Raises:
        ProjectMissing: it holds no catalogue.
        SuiteInvalid: its catalogue or one of its workflows has problems.
    """
    if not (folder / CATALOG).is_file():
        raise ProjectMissing(str(folder))
    if str(folder.resolve()) not in sys.path:
        sys.path.append(str(folder.resolve()))
    try:
        found = catalog.load(folder / CATALOG)
    except CatalogInvalid as exc:
        raise SuiteInvalid(exc.problems) from exc
    return Project(folder, found, _workflows(folder / WORKFLOWS, found))


def _workflows(folder: Path, found: Catalog) -> dict[str, Workflow]:
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for path in project.files(folder):
        try:
            texts[str(path)] = project.text(path)
        except DocumentInvalid as exc:
            problems += exc.problems
    read = [documents.read(content, file=file) for file, content in texts.items()]
    known = {parsed.workflow.workflow: parsed.workflow for parsed in read if parsed.workflow is not None}
    for file, content in texts.items():
        problems += documents.check(content, file=file, catalog=found, workflows=known).problems
    if problems:
        raise SuiteInvalid(problems)
    return known
