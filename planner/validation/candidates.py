"""Candidates: known names that a wrong one was probably meant to be."""

import difflib
from collections.abc import Iterable, Sequence

_CUTOFF = 0.6
_MOST = 3


def near(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names most like this one, best first, three at most."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=_MOST, cutoff=_CUTOFF)
    return [by_lower[candidate] for candidate in found]


def meant(name: str, known: Sequence[str], *, what: str) -> str:
    """Return the remedy for an unknown name: the nearest ones, or all when they are few."""
    if likely := near(name, known):
        return f"Did you mean {either(likely)}?"
    if not known:
        return f"There are no {what} here."
    if len(known) <= 12:  # noqa: PLR2004 -- more than a dozen names are no help in one sentence
        return f"The {what} here are {listed(known)}."
    return f"There are {len(known)} {what} here, and none is spelt like it."


def either(names: Sequence[str]) -> str:
    """Return names as a sentence part, such as `'a' or 'b'`."""
    return " or ".join(f"'{name}'" for name in names)


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence part, such as `'a', 'b'`."""
    return ", ".join(f"'{name}'" for name in names)


def places(count: int) -> str:
    """Return ` (in 3 places)`, or nothing for a single one."""
    return f" (in {count} places)" if count > 1 else ""
