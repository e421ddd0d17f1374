"""Kinds: what values are, and which kind stands in for which. Pure."""

from collections.abc import Iterable, Mapping


class Kinds:
    """A taxonomy: a value of a kind can stand wherever one of the kinds above it is asked for."""

    def __init__(self, above: Mapping[str, str]) -> None:
        """Take for each kind the one right above it, where there is one."""
        self._above = dict(above)
        self._chains: dict[str, tuple[str, ...]] = {}

    def chain(self, kind: str) -> tuple[str, ...]:
        """Return the kind and all kinds above it, nearest first; a circle ends where it closes."""
        if kind not in self._chains:
            found: dict[str, None] = {}
            at: str | None = kind
            while at is not None and at not in found:
                found[at] = None
                at = self._above.get(at)
            self._chains[kind] = tuple(found)
        return self._chains[kind]

    def widened(self, kinds: Iterable[str]) -> frozenset[str]:
        """Return every kind that a value of one of these can stand for."""
        return frozenset(above for kind in kinds for above in self.chain(kind))


NO_KINDS = Kinds({})
"""A taxonomy that knows nothing: a kind stands in only for itself."""
