"""Sealing: what is masked in the values of a run stays readable for the run itself, and for nobody else.

A value stands in its column as it is shown. Where something of it is masked, the value as it was stands
sealed in a column beside it; an empty seal says that it was erased.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection

from planner import bodies
from planner.errors import SealBroken
from planner.log import masking, screening
from planner.log.echoes import Echoes
from planner.log.envelopes import Keeping
from planner.log.masking import Masking

OPTION = "planner_keeping"
"""Under which every connection carries how its database keeps values."""
ERASED = b""
_TOLD = frozenset({"arguments", "output", "error", "reason", "comment", "value", "event"})
"""Members of a journal entry's body that hold words of others; the rest is the engine's own."""
_KEEPING = Keeping()

Masker = Callable[[Any, Masking, Echoes | None], Any]
"""Returns a value masked, or the very same where nothing in it is; echoes learn what it finds by name."""


class Spot(NamedTuple):
    """Where a value stands; a seal opens nowhere else."""

    run_id: str
    place: str


class Kept(NamedTuple):
    """A value as its row keeps it."""

    text: str
    """As it is shown; as it was, where nothing is masked or there is no key."""
    sealed: bytes | None
    """As it was, where the text is not."""


def keeping_of(tx: Connection) -> Keeping:
    """Return how the database of this connection keeps values."""
    found: Keeping = tx.get_execution_options().get(OPTION, _KEEPING)
    return found


def masked(value: Any, policy: Masking, echoes: Echoes | None = None) -> Any:
    """Return a run's input, output or the like as it is shown."""
    return _masked(value, policy, echoes, at="/run")


def masked_body(body: dict[str, Any], policy: Masking, echoes: Echoes | None = None) -> dict[str, Any]:
    """Return the body of a journal entry as it is shown."""
    told = {name: body[name] for name in body.keys() & _TOLD} if policy.active else {}
    shown = _masked(told, policy, echoes) if told else told
    return body if shown is told else {**body, **shown}


def _masked(value: Any, policy: Masking, echoes: Echoes | None, at: str = "") -> Any:
    text = bodies.encode(value)
    if _is_plain(text, policy):
        return value if echoes is None or not echoes.are_in(text) else echoes.veil(value)
    known = echoes or Echoes(policy)
    known.learn(value)
    found = masking.mask(value, policy, at=at)
    if not (found.pointers or known.are_in(text)):
        return value
    return known.veil(found.value)


def _is_plain(text: str, policy: Masking) -> bool:
    """Tell whether the policy changes nothing in a JSON text, as is seen at a glance."""
    return not policy.rules and screening.clears(text, policy)


def keep(value: Any, keeping: Keeping, spot: Spot, masked: Masker = masked) -> Kept:
    """Return a value as its row keeps it.

    Raises:
        TypeError: it is no JSON.
    """
    text = bodies.encode(value)
    echoes = keeping.echoes
    if _is_plain(text, keeping.masking) and (echoes is None or not echoes.are_in(text)):
        return Kept(text, None)
    shown = masked(value, keeping.masking, echoes)
    if keeping.seals is None or shown is value:
        return Kept(text, None)
    return Kept(bodies.encode(shown), keeping.seals.seal(text, *spot))


def shown(text: str | None, sealed: bytes | None, policy: Masking, masked: Masker = masked) -> Any:
    """Return a value as it is shown; one that is kept as it was is masked now."""
    value = bodies.decode(text)
    return value if text is None or sealed is not None else masked(value, policy, None)


def true(text: str | None, sealed: bytes | None, keeping: Keeping, spot: Spot) -> Any:
    """Return a value as it was.

    Raises:
        SealBroken: it is sealed, and cannot be opened.
    """
    return bodies.decode(text if sealed is None else opened(sealed, keeping, spot))


def opened(sealed: bytes, keeping: Keeping, spot: Spot) -> str:
    """Return a text that was sealed.

    Raises:
        SealBroken: it cannot be opened.
    """
    if keeping.seals is None:
        raise SealBroken(spot.run_id, "something in it is sealed, and no key is given here")
    return keeping.seals.open(sealed, *spot)
