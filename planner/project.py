"""Project: the catalogue and the workflows that a folder holds."""

from pathlib import Path

from planner import documents
from planner.definition import Workflow
from planner.errors import DefinitionInvalid
from planner.settings import Settings
from tools import catalog, catalog_loader
from tools.catalog import Catalog
from tools.catalog_loader import Declared
from tools.errors import DocumentInvalid
from tools.problems import Problem

PATTERNS = ("*.yaml", "*.yml", "*.json")
"""Names of files that hold a workflow."""


def load_catalog(config: Settings) -> Catalog:
    """Return the project's catalogue; an empty one when the project has none.

    Raises:
        CatalogInvalid: it has problems; every one is told.
    """
    if config.catalog is None and not config.catalog_file.exists():
        return Catalog({}, {})
    return catalog.load(config.catalog_file, base_urls=config.services)


def declared_services(config: Settings) -> list[Declared]:
    """Return the services that the project's catalogue declares, their sources unread; none without one.

    Raises:
        CatalogInvalid: its files have problems; every one is told.
    """
    if config.catalog is None and not config.catalog_file.exists():
        return []
    return catalog_loader.declared(config.catalog_file, base_urls=config.services)


def load_workflows(config: Settings, found: Catalog) -> dict[str, tuple[Workflow, str]]:
    """Return the project's workflows with their text, by file.

    Raises:
        DefinitionInvalid: any of them has problems; every one is told.
    """
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for path in files(config.workflows_folder):
        try:
            texts[str(path)] = text(path)
        except DocumentInvalid as exc:
            problems += exc.problems
    first = {file: documents.read(content, file=file) for file, content in texts.items()}
    known = {parsed.workflow.workflow: parsed.workflow for parsed in first.values() if parsed.workflow}
    read: dict[str, tuple[Workflow, str]] = {}
    for file, content in texts.items():
        parsed = documents.check(content, file=file, catalog=found, workflows=known)
        problems += parsed.problems
        if parsed.workflow is not None:
            read[file] = (parsed.workflow, content)
    if problems:
        raise DefinitionInvalid(problems)
    return read


def readable(config: Settings) -> dict[str, Workflow]:
    """Return the workflows of the project's folder that have the form of one, by name, unchecked."""
    found: dict[str, Workflow] = {}
    for path in files(config.workflows_folder):
        try:
            workflow = documents.read(text(path)).workflow
        except DocumentInvalid:
            continue
        if workflow is not None:
            found[workflow.workflow] = workflow
    return found


def files(folder: Path) -> list[Path]:
    """Return the files of a folder that hold workflows, sorted; evals are none."""
    found = {path for pattern in PATTERNS for path in folder.glob(pattern) if path.is_file()}
    return sorted(path for path in found if not path.name.endswith((".eval.yaml", ".eval.yml")))


def text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        DocumentInvalid: there is none that can be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no UTF-8 text"
        problem = Problem(
            path="",
            code="file-unreadable",
            message=f"The file cannot be read: {reason}.",
            remedy="Name a readable text file.",
            file=str(path),
        )
        raise DocumentInvalid([problem]) from exc
