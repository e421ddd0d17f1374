"""Repeats: calls that may not be repeated and stand where the flow comes by again."""

from collections.abc import Iterator

from planner.definition import Call
from planner.validation import flow
from planner.validation.sequences import Sequence, edges
from planner.validation.sites import Site
from tools.catalog import Catalog
from tools.problems import Problem

_ITEM = frozenset({"item", "index"})


def problems(everything: list[Sequence], found: list[Site], catalog: Catalog) -> Iterator[Problem]:
    """Yield calls of `write` and `irreversible` operations that would be made again with the same arguments.

    Told of a call in a loop or a `foreach` of which nothing says that the next time differs: its arguments
    read nothing that changes there, no `if` asks first, and it may be come to more than once. Sound for
    declared effect classes; of others it is undecided.
    """
    read = _read(found)
    for sequence in everything:
        for name, step in sequence.sound():
            operation = catalog.operations.get(step.call) if isinstance(step, Call) else None
            if operation is None or operation.repeatable:
                continue
            around = _repeated_in(sequence, name, read.get(sequence.at(name), frozenset()))
            if around is not None:
                yield Problem(
                    path=sequence.at(name, "call"),
                    code="repeated-change",
                    severity="error" if operation.effect_source == "declared" else "undecided",
                    message=f"Step '{sequence.full(name)}' calls '{operation.name}' again and again with the"
                    f" same arguments in {around}, and every call takes effect.",
                    remedy="Ask first with `if`, let an argument differ each time, or set `max_visits: 1`.",
                )


def _read(found: list[Site]) -> dict[str, frozenset[str]]:
    """Return the names that each step's expressions read, by its pointer."""
    names: dict[str, set[str]] = {}
    for site in found:
        pointer = site.sequence.at(site.step)
        names.setdefault(pointer, set()).update(name for code in site.codes for name in code.names)
    return {pointer: frozenset(each) for pointer, each in names.items()}


def _repeated_in(sequence: Sequence, name: str, read: frozenset[str]) -> str | None:
    """Return what repeats the call, for people; None where nothing does, or the next time differs."""
    changing: set[str] = set()
    for around in sequence.outward():
        step = around.steps[name]
        if step.if_ is not None or step.max_visits == 1:
            return None
        loops = flow.loops(around, [edge for edge in edges(around) if not edge.guessed])
        loop = next((each for each in loops if name in each), [])
        if loop:
            changing |= set(loop)
            return None if read & changing else f"the loop {' → '.join(flow.round_trip(loop, edges(around)))}"
        changing |= around.steps.keys()
        if around.looped:
            changing |= _ITEM
            return None if read & changing else f"the foreach '{around.path}'"
        name = around.owner
    return None
