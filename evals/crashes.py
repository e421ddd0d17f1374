"""Crashes and other moments beside an entry of the journal, at which something happens to a case's run."""

from typing import Annotated, Literal

from pydantic import Field

from planner.journal import Entry, EntryKind
from tools.records import Record


class Crashed(Exception):
    """The process of a case ends, as the case has it."""


class Moment(Record):
    """A place in the journal; it comes once."""

    entry: EntryKind
    """Kind of the entry."""
    step: str = ""
    """Path of the step that it is about; empty for the entries of the run itself."""
    visit: Annotated[int, Field(ge=1)] = 1
    attempt: Annotated[int, Field(ge=1)] = 1

    def fits(self, entry: Entry) -> bool:
        """Tell whether it is beside this entry."""
        told = (entry.kind, entry.path, entry.visit, entry.attempt)
        return told == (self.entry, self.step, self.visit, self.attempt)


class Crash(Moment):
    """The process ends beside an entry of the journal, once."""

    entry: Literal["intention", "outcome", "settled", "decision", "asked", "timer"]
    """Kind of the entry."""
    step: str
    """Path of the step that it is about."""
    lost: Annotated[int, Field(ge=0)] = 1
    """How many entries are lost with the process, counted back from this one; with 0 this one is kept."""
