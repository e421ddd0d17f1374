"""Problems: what a checker found, where, and what would be right."""

from typing import Literal

from tools.records import Record

Severity = Literal["error", "warning", "undecided"]
"""`error` makes a document unusable, `warning` does not; `undecided` is what an open schema leaves open."""


class Problem(Record):
    """One thing that is wrong with a document."""

    path: str
    """Where, as a JSON pointer into the document, such as `/steps/pay/with/amount`."""

    code: str
    """A stable name of the kind of problem, such as `unknown-operation`."""

    message: str
    """What was found, in one sentence."""

    remedy: str = ""
    """What would be right, in one sentence."""

    severity: Severity = "error"
    """How bad it is."""

    file: str | None = None
    """The file it was found in, where there is one."""

    line: int | None = None
    """Line in that file, counted from 1."""

    column: int | None = None
    """Column in that line, counted from 1."""

    def __str__(self) -> str:
        """Write the problem as one line that an editor can jump to."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = f"{place}: {self.path}" if place else self.path
        tail = f" {self.remedy}" if self.remedy else ""
        return f"{head}: [{self.code}] {self.message}{tail}"
