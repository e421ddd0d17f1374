"""Drafts: the workflow files that a document is written out as, each checked like a hand-written one."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from planner import documents
from planner.arazzo import document, translation
from planner.arazzo.translation import Translated
from planner.definition import Workflow
from tools import catalog_file
from tools.catalog import Catalog
from tools.omissions import Omission
from tools.problems import Problem


class Draft(NamedTuple):
    """What one workflow of a document became."""

    workflow_id: str
    """Its name in the document."""
    workflow: Workflow | None
    """None where it could not be translated."""
    text: str
    """The file: what was left out as comments, then the workflow."""
    omissions: tuple[Omission, ...]
    problems: tuple[Problem, ...]
    """What keeps the workflow from being used; places are those of the text."""

    @property
    def is_usable(self) -> bool:
        """Tell whether it can be written."""
        return self.workflow is not None and not self.problems


def read(
    path: Path, catalog: Catalog, *, workflows: Mapping[str, Workflow], services: Mapping[str, str]
) -> list[Draft]:
    """Return the drafts of an Arazzo document, in its order.

    Args:
        path: the document, as YAML or JSON.
        catalog: the operations that its steps may call.
        workflows: those that are there already, by name; the document's own take their place.
        services: names of services by the names of the document's sources, where they differ.

    Raises:
        DocumentInvalid: it cannot be read, or does not have the form of an Arazzo document.
    """
    found = translation.translate(document.read(catalog_file.document(path)), catalog, services)
    own = {each.workflow.workflow: each.workflow for each in found if each.workflow is not None}
    return [_draft(each, path, catalog, {**workflows, **own}) for each in found]


def _draft(made: Translated, path: Path, catalog: Catalog, known: Mapping[str, Workflow]) -> Draft:
    omissions = tuple(made.omissions)
    if made.workflow is None:
        return Draft(made.workflow_id, None, "", omissions, ())
    lines = [f"# Workflow {made.workflow_id} of {path.name}."]
    lines += [f"# Left out: {each.what}: {each.why}." for each in omissions]
    text = "\n".join([*map(_one_line, lines), documents.dump(made.workflow)])
    problems = documents.check(text, catalog=catalog, workflows=known).problems
    return Draft(made.workflow_id, made.workflow, text, omissions, problems)


def _one_line(text: str) -> str:
    return " ".join(text.split())
