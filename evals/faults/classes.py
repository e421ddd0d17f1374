"""Classes: what is known to go wrong with a service, and what its caller may take it for."""

from collections.abc import Mapping
from typing import NamedTuple

from evals.answers import ServiceAnswer
from tools.outcomes import OutcomeClass


class ServiceClass(NamedTuple):
    """One way in which a service fails."""

    name: str
    """As a case writes it under `fault`."""
    seen_as: frozenset[OutcomeClass]
    """What a caller may take it for; never for a success, nor for the opposite of what is true."""

    @property
    def answer(self) -> ServiceAnswer:
        """Return the answer of a case."""
        return ServiceAnswer.model_validate({"fault": self.name})


_UNDONE: frozenset[OutcomeClass] = frozenset({"rejected", "not_sent", "unknown"})
_OPEN: frozenset[OutcomeClass] = frozenset({"unknown"})
_BAD: frozenset[OutcomeClass] = frozenset({"applied_bad", "unknown"})
_SEEN_AS: Mapping[str, frozenset[OutcomeClass]] = {
    "refuse": frozenset({"rejected"}),
    "status:404": _UNDONE,
    "status:409": _UNDONE,
    "status:429/not_applied": _UNDONE,
    "unavailable/not_applied": _UNDONE,
    "connect": frozenset({"not_sent"}),
    "timeout/not_applied": _OPEN,
    "timeout/applied": _OPEN,
    "reset/not_applied": _OPEN,
    "reset/applied": _OPEN,
    "status:500/not_applied": _OPEN,
    "status:500/applied": _OPEN,
    "wrong_body": _BAD,
    "html": _BAD,
}
SERVICE_CLASSES = tuple(ServiceClass(name, seen_as) for name, seen_as in _SEEN_AS.items())
