"""Versions: which versions of a workflow take new runs, and which let their runs move."""

from typing import Literal

from pydantic import AwareDatetime

from tools.records import Record

VersionState = Literal["active", "draining", "paused"]
"""`active`: takes new runs. `draining`: takes none; its runs go on to their end. `paused`: takes none, and
its runs stay where they are until it is active or draining again."""


REST = "-rest."
"""What follows a version in the versions by which runs of it were replanned."""


def planned(version: str) -> str:
    """Return the version that a run began with, where this is one by which it was replanned; else itself."""
    return version.partition(REST)[0]


class VersionStanding(Record):
    """One version of a workflow, and how it stands."""

    version: str
    sha256: str
    """Content hash of the definition."""
    state: VersionState
    changed_at: AwareDatetime | None = None
    """When its state was last changed; None where it never was."""
    changed_by: str | None = None
    """Id of who changed it."""
    unfinished: int = 0
    """Runs of it that have not ended; a draining version is drained when there are none."""
