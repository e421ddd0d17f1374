"""Standing: what can still come of a run's effects, and nothing of how they came to stand."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from evals.history import Sent, Spot
from graphs.context import Context
from planner.effects import RECONCILE, UNDO, Effect
from tools.catalog import Catalog
from tools.errors import ExpressionError
from tools.operations import Undo

_LET_BE = frozenset({"done", "leave"})
"""What persons say of an effect that is not taken back any more."""
MOST_KNOWN = 20_000
"""Effects of which it is kept how they would be taken back."""


class Open(NamedTuple):
    """What stands of a run's effects; while they are taken back, without those that persons let be.

    The engine goes past those without a word, however often the run is taken up.
    """

    undoable: tuple[Effect, ...]
    in_doubt: tuple[Effect, ...]
    left: tuple[Effect, ...]
    """Applied, and there is no way to take them back."""
    is_given_up: bool = False
    """Whether a person let one be that still stands, so that the run does not end as undone."""

    @property
    def in_question(self) -> frozenset[str]:
        """Operations with calls of which nobody knows whether they took effect."""
        return frozenset(effect.operation for effect in self.in_doubt)


def open_effects(ctx: Context) -> Open:
    """Return what stands of a run's effects."""
    undoable, in_doubt, left = ctx.ledger.standing()
    if not ctx.ending:
        return Open(undoable, in_doubt, left)
    said = {place: _said(ctx, *place) for place in (*map(_undo, undoable), *map(_doubt, in_doubt))}
    return Open(
        tuple(effect for effect in undoable if said[_undo(effect)] not in _LET_BE),
        tuple(effect for effect in in_doubt if not effect.keep and said[_doubt(effect)] not in _LET_BE),
        left,
        is_given_up="leave" in said.values(),
    )


def _undo(effect: Effect) -> Spot:
    return effect.undo_path, effect.visit


def _doubt(effect: Effect) -> Spot:
    return f"{UNDO}{RECONCILE}{effect.path}", effect.visit


def _said(ctx: Context, path: str, visit: int) -> str | None:
    """Return what was chosen last about taking an effect back."""
    said, number = None, 1
    while (made := ctx.find("decision", path, visit, number)) is not None:
        said, number = str(made["choice"]), number + 1
    return said


class Back(NamedTuple):
    """A call that would take an effect back."""

    contract: Undo
    arguments: Any
    broken: str | None = None
    """Why its arguments cannot be told."""


class Undoing:
    """How effects would be taken back; each is looked at once, since states share their effects."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[int, tuple[Effect, Back | None]] = {}

    def contract(self, effect: Effect) -> Undo | None:
        """Return what the catalogue says about taking an effect back."""
        return self._catalog.operation(effect.operation).undo

    def back(self, effect: Effect) -> Back | None:
        """Return the call that would take an effect back; None where nothing would."""
        # An effect that is kept here keeps its id.
        known = self._known.get(id(effect))
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[id(effect)] = (effect, self._back(effect))
        return known[1]

    def _back(self, effect: Effect) -> Back | None:
        contract = self.contract(effect)
        if contract is None:
            return None
        data = {"input": effect.arguments, "output": effect.output, "key": effect.key}
        try:
            return Back(contract, contract.arguments.render(data))
        except ExpressionError as exc:
            return Back(contract, None, str(exc))


def told(found: Open, undoing: Undoing, calls: Sequence[Sent]) -> Any:
    """Return what tells the open effects of two states apart.

    Args:
        found: the open effects.
        undoing: how they are taken back.
        calls: all calls so far; who takes an effect back may meet a service that has done the same before.
    """
    open_ = [
        *((effect.seq, _undoable(effect, undoing, calls)) for effect in found.undoable),
        *((effect.seq, _in_doubt(effect, undoing, calls)) for effect in found.in_doubt),
    ]
    return [
        [effect for _, effect in sorted(open_, key=itemgetter(0))],
        [[*_undo(effect), effect.operation] for effect in found.left],
        found.is_given_up,
    ]


def _undoable(effect: Effect, undoing: Undoing, calls: Sequence[Sent]) -> Any:
    """Return the call that would take an effect back; what else the effect gave is not read for it."""
    back = undoing.back(effect)
    if back is None:
        return [*_undo(effect), effect.operation]
    if back.broken is not None:
        return [*_undo(effect), effect.operation, back.contract.call, back.broken]
    done = [call.output for call in _applied(back.contract, calls) if call.arguments == back.arguments]
    return [*_undo(effect), effect.operation, back.contract.call, back.arguments, _once(done)]


def _in_doubt(effect: Effect, undoing: Undoing, calls: Sequence[Sent]) -> Any:
    contract = undoing.contract(effect)
    applied = () if contract is None else _applied(contract, calls)
    done = [[call.arguments, call.output] for call in applied]
    return [
        "in doubt",
        *_undo(effect),
        effect.operation,
        effect.arguments,
        effect.key,
        effect.keep,
        _once(done),
    ]


def _applied(contract: Undo, calls: Sequence[Sent]) -> Iterator[Sent]:
    return (call for call in calls if call.applied and call.operation == contract.call)


def _once(values: Sequence[Any]) -> list[Any]:
    """Return the values without those that are equal to the one before."""
    return [value for place, value in enumerate(values) if not place or value != values[place - 1]]
