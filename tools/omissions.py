"""Omissions: what an import did not take, and why."""

from typing import NamedTuple


class Omission(NamedTuple):
    """One thing of a document that nothing was made of."""

    what: str
    """Its name, or where it stands."""
    why: str
    """In a few words."""
