"""Breakers: whether a recorded run alone explains why a service was left in peace. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from evals.recorded.calls import ARGUMENTS, Called
from tools.breakers import Circuit, Permit
from tools.catalog import Catalog
from tools.lines import BREAKER_OPEN
from tools.outcomes import Outcome, OutcomeClass

_TOLD = ("status", "code")
_UNSEEN = frozenset({ARGUMENTS, "service_unknown", "secret_missing"})
"""Codes of calls that the breaker never heard of."""


class _Event(NamedTuple):
    """In order of time; what takes none counts as over before the next one begins."""

    at: datetime
    place: int
    is_end: bool


def are_own(found: Sequence[Called], catalog: Catalog) -> bool:
    """Tell whether the calls of this run would open and close the breakers just as the record has it.

    Breakers serve all runs of a process, so other runs may have opened one, or kept it closed.
    """
    by_service: dict[str, list[Called]] = {}
    for call in found:
        operation = catalog.operations.get(call.operation)
        if operation is not None and call.code not in _UNSEEN:
            by_service.setdefault(operation.service, []).append(call)
    return all(_is_own(made, name, catalog) for name, made in by_service.items())


def _is_own(found: Sequence[Called], service: str, catalog: Catalog) -> bool:
    now = [0.0]
    circuit = Circuit(service, catalog.services[service].breaker, now=lambda: now[0])
    permits: dict[int, Permit] = {}
    for event in sorted(_events(found)):
        now[0], call = event.at.timestamp(), found[event.place]
        if not event.is_end:
            permit = circuit.admit()
            if (permit is None) is not (call.code == BREAKER_OPEN):
                return False
            if permit is not None:
                permits[event.place] = permit
        elif event.place in permits:
            body = call.outcome or {}
            told = {name: body[name] for name in _TOLD if name in body}
            circuit.settle(permits[event.place], Outcome(cast("OutcomeClass", call.kind), **told))
    return True


def _events(found: Sequence[Called]) -> Iterator[_Event]:
    for place, call in enumerate(found):
        yield _Event(call.began, place, is_end=False)
        yield _Event(call.ended, place, is_end=True)
