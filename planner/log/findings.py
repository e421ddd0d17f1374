"""Findings: what a verification of the log found, and what it could not look at."""

from typing import Any

from tools.records import Record

MOST = 100
"""Findings that are listed; a log that was rewritten has as many as it has records."""


class Finding(Record):
    """One thing in the log that is not as it was written."""

    code: str
    """`edited`, `missing`, `link`, `genesis`, `columns`, `content`, `index`, `tail`, `stream`, `rewritten` or
    `signature`."""
    stream: str | None = None
    seq: int | None = None
    """Number of the record in its stream."""
    message: str

    def __str__(self) -> str:
        place = "" if self.stream is None else f"stream {self.stream}: "
        number = "" if self.seq is None else f"record {self.seq}: "
        return f"{place}{number}[{self.code}] {self.message}"


class Report(Record):
    """What a verification found."""

    ok: bool
    """Whether nothing was found."""
    records: int
    decisions: int
    streams: int
    heads: int
    """Exported heads that were compared."""
    signed: int
    """How many of them bear a right signature of a known key."""
    found: int
    """How many things were found."""
    findings: tuple[Finding, ...]
    """The first of them."""
    notes: tuple[str, ...]
    """What this verification could not prove."""

    @property
    def trouble(self) -> list[str]:
        """What was found, a line each, and how much more."""
        more = self.found - len(self.findings)
        return [*map(str, self.findings), *([f"and {more} more"] if more else [])]

    @property
    def size(self) -> str:
        """How much was looked at, in one sentence."""
        counted = f"{self.records} records of {self.streams} streams, {self.decisions} decisions"
        return f"{counted}; {self.heads} exported heads compared, {self.signed} of them rightly signed."

    @property
    def verdict(self) -> str:
        """What came of it, in one sentence."""
        told = "as it was written" if self.ok else f"NOT as it was written: {self.found} findings"
        return f"The log is {told}."

    @property
    def lines(self) -> list[str]:
        """The whole report for people: what was found, how much was looked at, what came of it."""
        return [*self.trouble, self.size, self.verdict]


class Findings:
    """Collects findings; keeps the first ones and counts all."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._count = 0

    def add(self, finding: Finding) -> None:
        """Take in one more."""
        self._count += 1
        if len(self._kept) < MOST:
            self._kept.append(finding)

    def report(self, **counts: Any) -> Report:
        """Return the report."""
        return Report(ok=self._count == 0, found=self._count, findings=tuple(self._kept), **counts)
