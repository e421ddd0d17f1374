"""The witness: watches the run of a case, and tells what it does against the invariants."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from evals import invariants
from evals.history import History, Sent, Spot
from evals.invariants import Violation
from evals.rules import Rules
from evals.services import Call
from graphs import pinning
from graphs.runner import Ended
from planner.definition import AnyStep, Workflow
from planner.journal import Entry
from planner.runs import PersonQuestion
from tools.catalog import Catalog


class Seen(NamedTuple):
    """What there is to see of a run at one moment."""

    calls: Sequence[Call]
    entries: Sequence[Entry]
    decisions: Sequence[Mapping[str, Any]]
    questions: Mapping[str, PersonQuestion]
    values: Mapping[str, Any]
    broken: str | None = None


class Witness:
    """Looks at a run whenever something was written, and keeps every violation once."""

    def __init__(
        self, workflow: Workflow, pinned: Mapping[str, Workflow], catalog: Catalog, given: Any
    ) -> None:
        self._workflow, self._pinned, self._catalog, self._given = workflow, pinned, catalog, given
        self._rules = Rules(workflow)
        self._found: dict[Violation, None] = {}

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was seen against the invariants."""
        return tuple(self._found)

    def look(self, seen: Seen, ended: Ended | None = None) -> None:
        """Take in what there is to see now."""
        history = self._history(seen, ended)
        for violation in (*invariants.violations(history), *self._rules.violations(history)):
            self._found[violation] = None

    def _history(self, seen: Seen, ended: Ended | None) -> History:
        return History(
            workflow=self._workflow,
            catalog=self._catalog,
            calls=list(placed(seen.calls, seen.entries, self._catalog)),
            entries=seen.entries,
            decisions=seen.decisions,
            questions=seen.questions,
            by_hand=frozenset(_by_hand(seen.decisions)),
            values=seen.values,
            input=self._given,
            status=None if ended is None else ended.status,
            error=None if ended is None else ended.error,
            step=self._step,
            broken=seen.broken,
        )

    def _step(self, path: str) -> AnyStep | None:
        return pinning.step_at(self._workflow, self._pinned, path)


def placed(calls: Sequence[Call], entries: Sequence[Entry], catalog: Catalog) -> Iterator[Sent]:
    """Yield the calls that left, each with its place in the run, as the journal tells it.

    A call whose outcome was lost with its process has the place of the one that was sent instead of it.
    """
    told = [entry for entry in entries if entry.kind in {"intention", "outcome"}]
    free = list(dict.fromkeys((entry.path, entry.visit, entry.attempt) for entry in told))
    facts = {(entry.path, entry.visit, entry.attempt): entry.body for entry in told}
    latest: dict[tuple[str, str], tuple[str, int, int]] = {}
    for call in calls:
        mark = (call.operation, repr(call.arguments))
        fitting = (at for at in free if (facts[at]["operation"], repr(facts[at]["arguments"])) == mark)
        place = next(fitting, latest.get(mark))
        if not call.sent or place is None:
            continue
        if place in free:
            free.remove(place)
        latest[mark] = place
        body = facts[place]
        yield Sent(
            operation=call.operation,
            effect=catalog.operation(call.operation).effect,
            arguments=call.arguments,
            key=call.key,
            outcome=call.outcome,
            applied=call.applied,
            output=body.get("output"),
            path=place[0],
            visit=place[1],
            attempt=place[2],
            undoes=body.get("undoes"),
        )


def _by_hand(decisions: Sequence[Mapping[str, Any]]) -> Iterator[Spot]:
    for made in decisions:
        if made["kind"] == "undo" and made["choice"] in {"done", "leave"}:
            yield str(made["path"]).rpartition(":")[2], int(made["visit"])
