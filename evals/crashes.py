"""Crashes: moments at which the process of a case ends, and takes the run up again from its journal."""

from typing import Annotated, Literal

from pydantic import Field

from planner.journal import Entry
from tools.records import Record


class Crashed(Exception):
    """The process of a case ends, as the case has it."""


class Crash(Record):
    """The process ends beside an entry of the journal, once."""

    entry: Literal["intention", "outcome", "settled", "decision", "asked", "timer"]
    """Kind of the entry."""
    step: str
    """Path of the step that it is about."""
    visit: Annotated[int, Field(ge=1)] = 1
    attempt: Annotated[int, Field(ge=1)] = 1
    lost: Annotated[int, Field(ge=0)] = 1
    """How many entries are lost with the process, counted back from this one; with 0 this one is kept."""

    def fits(self, entry: Entry) -> bool:
        """Tell whether it is beside this entry."""
        told = (entry.kind, entry.path, entry.visit, entry.attempt)
        return told == (self.entry, self.step, self.visit, self.attempt)
