"""Provenance: what results come from: code, cases, workflows, prompts and packages."""

import hashlib
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime

from evals import coverage
from evals.jobs import Job
from evals.project import Project
from graphs import pinning
from planner.definition import Workflow
from tools.operations import EffectClass
from tools.records import Record

_DISTRIBUTION = "workflow-planner"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Git(Record):
    """The commit that was checked out."""

    sha: str
    dirty: bool
    """Whether files differed from it."""


class SuiteOrigin(Record):
    """One file of cases."""

    file: str
    sha256: str
    """Of the file as it stood on disk."""
    seed: int
    """Where ids and jitter of its cases come from, unless a case tells its own."""
    catalog: str
    """Revision of the catalogue of its project."""
    workflows: dict[str, str]
    """SHA-256 of the workflows that its cases run, by name."""


class WorkflowOrigin(Record):
    """One workflow that cases ran."""

    name: str
    version: str
    sha256: str
    pinned: dict[str, str]
    """SHA-256 of the workflows that it runs in turn, by reference."""
    definition: Workflow
    """The whole of it, so that results can be read where the project is not."""


class Provenance(Record):
    """What results come from."""

    id: str
    """Of this evaluation."""
    at: AwareDatetime
    """When it began."""
    engine: str
    git: Git | None
    """None outside a checkout."""
    python: str
    packages: dict[str, str]
    """Versions of this package and of what it stands on."""
    suites: dict[str, SuiteOrigin]
    workflows: tuple[WorkflowOrigin, ...]
    """Those that cases name, and those that these run in turn."""
    effects: dict[str, EffectClass]
    """Effect classes of the operations in their catalogues that the workflows call."""


def provenance(jobs: Sequence[Job], *, engine: str, name: str, at: AwareDatetime) -> Provenance:
    """Return what the results of these cases will come from."""
    return Provenance(
        id=name,
        at=at,
        engine=engine,
        git=_git(),
        python=platform.python_version(),
        packages=_packages(),
        suites=_suites(jobs),
        workflows=_workflows(jobs),
        effects=_effects(jobs),
    )


def data(known: Provenance, cases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return it as JSON, with the prompts and models that the cases tell of."""
    asked = [made["model"] for case in cases for made in case["decisions"] if made["model"] is not None]
    told = known.model_dump(mode="json", exclude={"workflows": {"__all__": {"definition"}}})
    for each, workflow in zip(told["workflows"], known.workflows, strict=True):
        each["definition"] = workflow.definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    told["prompts"] = sorted({each["prompt"] for each in asked})
    told["models"] = sorted({each["requested"] for each in asked})
    return told


def _suites(jobs: Sequence[Job]) -> dict[str, SuiteOrigin]:
    found: dict[str, SuiteOrigin] = {}
    for loaded in {job.loaded.suite.suite: job.loaded for job in jobs}.values():
        run = {job.workflow for job in jobs if job.loaded is loaded}
        found[loaded.suite.suite] = SuiteOrigin(
            file=loaded.file,
            sha256=hashlib.sha256(Path(loaded.file).read_bytes()).hexdigest(),
            seed=loaded.suite.defaults.seed,
            catalog=loaded.project.catalog.revision,
            workflows={name: loaded.project.workflows[name].sha256 for name in sorted(run)},
        )
    return found


def _workflows(jobs: Sequence[Job]) -> tuple[WorkflowOrigin, ...]:
    found: dict[str, WorkflowOrigin] = {}
    for job in _subjects(jobs):
        for each in job.definitions:
            if each.sha256 not in found:
                found[each.sha256] = _workflow(each, job.loaded.project)
    return tuple(sorted(found.values(), key=lambda each: (each.name, each.version)))


def _subjects(jobs: Sequence[Job]) -> list[Job]:
    """Return one of the cases that run the same workflow of the same project."""
    return list({(id(job.loaded.project), job.workflow): job for job in jobs}.values())


def _workflow(workflow: Workflow, project: Project) -> WorkflowOrigin:
    pinned = pinning.closure(workflow, project.find)
    return WorkflowOrigin(
        name=workflow.workflow,
        version=workflow.version,
        sha256=workflow.sha256,
        pinned={reference: each.sha256 for reference, each in pinned.items()},
        definition=workflow,
    )


def _effects(jobs: Sequence[Job]) -> dict[str, EffectClass]:
    return {
        operation: job.loaded.project.catalog.operation(operation).effect
        for job in _subjects(jobs)
        for workflow in job.definitions
        for operation in sorted(coverage.operations(workflow))
        if operation in job.loaded.project.catalog.operations
    }


def _packages() -> dict[str, str]:
    required = [each for each in metadata.requires(_DISTRIBUTION) or () if "extra ==" not in each]
    names = [_DISTRIBUTION, *sorted(match[0] for each in required if (match := _NAME.match(each)))]
    return {name: version for name in names if (version := _version(name))}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _git() -> Git | None:
    sha, status = _said("rev-parse", "HEAD"), _said("status", "--porcelain", "--untracked-files=no")
    return None if sha is None else Git(sha=sha, dirty=bool(status))


def _said(*words: str) -> str | None:
    """Return what git says, or None where it is not installed or this is no checkout."""
    try:
        ran = subprocess.run(["git", *words], capture_output=True, text=True, check=True)  # noqa: S603, S607 - fixed words, of this machine
    except (OSError, subprocess.CalledProcessError):
        return None
    return ran.stdout.strip()
