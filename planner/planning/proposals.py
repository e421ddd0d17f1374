"""Proposals: sketches that need no model, composed from what is known to what is wanted. Pure."""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from planner.definition import RESERVED
from planner.planning import composition
from planner.planning.composition import Composed, Composition
from planner.planning.edges import Known, input_name
from planner.planning.frame import Frame
from planner.planning.missing import Missing
from planner.planning.reach import Producer
from planner.planning.signatures import Signature, snake
from planner.planning.sketch import Sketch, SketchedCall
from tools.expressions import reading
from tools.operations import EffectClass, Operation

LONGEST_ID = 60


class Proposal(NamedTuple):
    """One way from what is known to what is wanted."""

    sketch: Sketch
    cost: float
    unasked: tuple[str, ...]
    """Operations that change something although the goal does not name them."""


class Proposed(NamedTuple):
    """What came of proposing."""

    proposals: tuple[Proposal, ...]
    """Ways, cheapest first; none where something wanted is out of reach whatever is known."""
    missing: tuple[Missing, ...]
    """What is not known and nothing gives: the proposals take it to be told when a run starts."""


def propose(
    frame: Frame,
    known: Sequence[Known],
    signatures: Mapping[str, Signature],
    operations: Mapping[str, Operation],
    *,
    most: int = composition.MOST_ALTERNATIVES,
) -> Proposed:
    """Return ways to what the frame wants.

    Only what is wanted may change anything, unless there is no way without: then what can be taken back may,
    and at last everything.
    """
    names = {item.path[0] for item in known}
    have = [kind for item in known for kind in item.kinds]
    arguments = [argument for item in signatures.values() for argument in item.arguments]
    have += [argument.kind for argument in arguments if input_name(argument.name) in names]
    producers = {name: signatures[name].producer for name in operations}
    found = _composed(frame, have, producers, operations, most=most)
    told = [kind for item in found.missing for kind in item.lacking]
    missing = found.missing
    if told and not set(told) & set(frame.want):
        found = _composed(frame, [*have, *told], producers, operations, most=most)
    proposals = tuple(_proposal(item, frame, signatures, operations) for item in found.alternatives)
    return Proposed(proposals, missing)


def _composed(
    frame: Frame,
    have: Sequence[str],
    producers: Mapping[str, Producer],
    operations: Mapping[str, Operation],
    *,
    most: int,
) -> Composed:
    """Return what came of composing with as few operations allowed as lead anywhere."""
    found = Composed((), ())
    for allowed in _tiers(frame.want, operations):
        found = composition.compose([producers[name] for name in allowed], have, frame.want, most=most)
        if found.alternatives:
            break
    return found


def _tiers(want: Collection[str], operations: Mapping[str, Operation]) -> Iterable[list[str]]:
    """Yield which operations may be taken, few at first."""
    named = {name for name in operations if name in want}
    looking = {name for name, item in operations.items() if item.effect == "read"}
    taken_back = {name for name, item in operations.items() if item.undo is not None}
    seen: set[str] | None = None
    for tier in (looking | named, looking | named | taken_back, set(operations)):
        if tier != seen:
            seen = tier
            yield [name for name in operations if name in tier]


def _proposal(
    found: Composition, frame: Frame, signatures: Mapping[str, Signature], operations: Mapping[str, Operation]
) -> Proposal:
    names = _ordered(found, frame.want, signatures, operations)
    ids = _ids(names)
    steps = tuple(SketchedCall(id=ids[name], call=name) for name in names)
    sketch = Sketch(steps=steps, output=_output(frame.want, names, ids, signatures=signatures))
    unasked = tuple(name for name in names if operations[name].effect != "read" and name not in frame.want)
    return Proposal(sketch, found.cost, unasked)


def _ordered(
    found: Composition,
    want: Sequence[str],
    signatures: Mapping[str, Signature],
    operations: Mapping[str, Operation],
) -> list[str]:
    """Return the operations so that each comes after what it needs.

    What only reads comes as early as it can; what changes something, in the order in which it is wanted, and
    what cannot be taken back as late as it can.
    """
    producers = {name: signatures[name].producer for name in found.names}
    first: dict[str, str] = {}
    for name in found.names:
        for kind in producers[name].gives:
            first.setdefault(kind, name)
    after: dict[str, set[str]] = {
        name: {first[kind] for kind in producers[name].needs if first.get(kind, name) != name}
        for name in found.names
    }
    place = {name: number for number, name in enumerate(want)}

    def rank(name: str) -> tuple[int, int, str]:
        return (_weight(operations[name].effect), place.get(name, -1), name)

    ready = [(rank(name), name) for name, needs in after.items() if not needs]
    heapq.heapify(ready)
    ordered: list[str] = []
    while ready:
        _, name = heapq.heappop(ready)
        ordered.append(name)
        for other, needs in after.items():
            if name in needs:
                needs.discard(name)
                if not needs:
                    heapq.heappush(ready, (rank(other), other))
    return ordered


def _weight(effect: EffectClass) -> int:
    return {"read": 0, "irreversible": 2}.get(effect, 1)


def _ids(names: Iterable[str]) -> dict[str, str]:
    """Return the id of each call's step: the operation's own name in small letters."""
    found: dict[str, str] = {}
    taken = set(RESERVED)
    for name in names:
        plain = snake(name.rpartition(".")[2])[:LONGEST_ID].strip("_")
        plain = plain if plain.isascii() else ""
        base = plain if plain[:1].isalpha() else f"call_{plain}".rstrip("_")
        number, title = 2, base
        while title in taken:
            title, number = f"{base}_{number}", number + 1
        taken.add(title)
        found[name] = title
    return found


def _output(
    want: Iterable[str], names: Sequence[str], ids: Mapping[str, str], *, signatures: Mapping[str, Signature]
) -> dict[str, str]:
    """Return where each wanted value is read; of a wanted call, what names the thing that it made."""
    found: dict[str, str] = {}
    for kind in want:
        if kind in ids:
            own = f"{signatures[kind].entity}.id"
            path = _path(own, signatures[kind]) or ()
            found[snake("_".join((ids[kind], *path)))] = _expression(ids[kind], path)
            continue
        for name in names:
            path_ = _path(kind, signatures[name])
            if path_ is not None:
                found[snake(kind)] = _expression(ids[name], path_)
                break
    return found


def _path(kind: str, signature: Signature) -> tuple[str, ...] | None:
    ranked = [(field.kinds.index(kind), field.path) for field in signature.fields if kind in field.kinds]
    return min(ranked)[1] if ranked else None


def _expression(step: str, path: tuple[str, ...]) -> str:
    return f"${{{reading(step, *path)}}}"
