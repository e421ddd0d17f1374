"""Snapshots: where a run stood when it parked, so that taking it up need not go through all before. Pure."""

from decimal import Decimal
from typing import Any, NamedTuple

from planner.budgets import Spent

FEWEST = 200
"""Entries that a snapshot spares, at least; fewer are replayed as fast."""
MOST_BYTES = 400
"""Bytes of a snapshot for each entry that it spares beyond the one before, at most: so what is stored of a
run stays linear in its journal."""


class Snapshot(NamedTuple):
    """Where the outermost steps of a run stood."""

    seq: int
    """The last entry that need not be read."""
    body: dict[str, Any]
    """What the steps before gave and how often they were come to, the step that the run waits in, and what
    was spent and taken."""
    before: int = 0
    """The last entry that the snapshot before it spared."""

    @property
    def at(self) -> str:
        """The step that the run waits in."""
        return str(self.body["at"])

    @property
    def spent(self) -> Spent:
        """What was spent on models before it."""
        model_calls, tokens, cost = self.body["spent"]
        return Spent(model_calls, tokens, Decimal(cost))

    @property
    def needed(self) -> list[int]:
        """Entries before it that are needed all the same."""
        return list(self.body["needed"])

    def is_worth(self, size: int) -> bool:
        """Tell whether it is kept, given its bytes."""
        spared = self.seq - self.before
        return spared >= FEWEST and size <= MOST_BYTES * spared
