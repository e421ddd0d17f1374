"""Loading: what a run is taken up from, read in one go."""

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from graphs import pinning
from planner.definition import Workflow
from planner.journal import Numbered
from planner.runs import PersonQuestion, Run
from planner.snapshots import Snapshot
from planner.store import catalogs, journal, questions, runs, snapshots, versions, workflows
from tools.catalog import Catalog

_NOTHING: Mapping[str, Workflow] = MappingProxyType({})


class Loaded(NamedTuple):
    """What a run is taken up from."""

    run: Run
    """With its values as they are."""
    catalog: Catalog
    """The contracts that the run began with."""
    workflow: Workflow
    pinned: Mapping[str, Workflow]
    """Sub-workflows, by reference."""
    entries: Sequence[Numbered]
    questions: Mapping[str, PersonQuestion]
    snapshot: Snapshot | None = None
    """Where it stood at an earlier entry; the entries then begin behind it."""


class Definitions(NamedTuple):
    """What a run is pinned to."""

    workflow: Workflow
    pinned: Mapping[str, Workflow]
    """Sub-workflows, by reference."""


def load(
    tx: Any,
    run: Run,
    catalog: Catalog,
    known: Mapping[str, Workflow] = _NOTHING,
    *,
    from_snapshot: bool = False,
) -> Loaded:
    """Return what a run is taken up from: contracts at today's addresses, definitions, journal, questions.

    Args:
        tx: where to read.
        run: which run.
        catalog: the contracts of today.
        known: definitions that need not be read again, by content hash.
        from_snapshot: whether the entries may begin behind a snapshot.

    Raises:
        SealBroken: something in it is sealed, and cannot be opened here.
    """
    catalog = catalogs.get(tx, run.catalog_revision, now_at=catalog)
    taken = snapshots.load(tx, run.id) if from_snapshot else None
    true, entries = runs.unsealed(tx, run.id), journal.unsealed(tx, run.id, behind=taken)
    found = definitions(tx, run, entries, known)
    # The lease is that of the claim, even where another holds the run by now.
    held = run.model_copy(update={"goal": true.goal, "input": true.input, "output": true.output})
    asked = questions.unsealed(tx, run.id)
    return Loaded(held, catalog, found.workflow, found.pinned, entries, asked, taken)


def definitions(
    tx: Any, run: Run, entries: Sequence[Numbered], known: Mapping[str, Workflow] = _NOTHING
) -> Definitions:
    """Return the definitions that a run is pinned to, or will be once it begins."""

    def find(sha256: str) -> Workflow:
        return known.get(sha256) or workflows.by_sha256(tx, sha256)

    workflow = find(run.workflow.sha256)
    began = next((entry for _, entry in reversed(entries) if entry.kind in {"started", "repinned"}), None)
    if began is None:
        return Definitions(workflow, pinning.closure(workflow, partial(nested, tx)))
    return Definitions(workflow, pinning.restore(began.body["pinned"], find))


def nested(tx: Any, name: str, version: str | None) -> Workflow:
    """Return a sub-workflow: the version that is named, else the newest that takes new runs."""
    return workflows.get(tx, name, version) if version is not None else versions.current(tx, name)
