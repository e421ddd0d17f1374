"""Reads: which parts of values a workflow's expressions read, and how often it may ask a model. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphs import pinning
from graphs.blocks import Node, Program, Sequence
from graphs.context import Frame
from planner.definition import Call, Decide, Foreach, RunWorkflow
from tools.expressions import Expression

Parts = dict[str, Any]
"""Names and, for each, the parts of it that are read, in the same way; None where all of it is."""


class Reads:
    """What programs read of values, wherever in them the flow stands."""

    def __init__(self, programs: Iterable[Program]) -> None:
        self._known: dict[int, Parts | None] = {id(each.body): _parts(each) for each in programs}

    def left(self, frame: Frame) -> dict[str, Any]:
        """Return the values of a pass without what nobody reads."""
        parts = self._of(frame)
        own = ((name, value) for name, value in frame.own.items() if name != "run")
        return {name: value if parts is None else _left(value, parts.get(name, {})) for name, value in own}

    def _of(self, frame: Frame) -> Parts | None:
        mark = id(frame.sequence)
        if mark not in self._known:
            self._known[mark] = self._nested(frame)
        return self._known[mark]

    def _nested(self, frame: Frame) -> Parts | None:
        """Return what is read of a branch: inside by its steps' names, outside by way of its own step."""
        parent = frame.parent
        outer = None if parent is None else self._of(parent)
        if parent is None or outer is None:
            return None
        step, _, branch = frame.prefix[len(parent.prefix) : -1].partition(".")
        name = step.partition("~")[0].partition("[")[0]
        through = outer.get(name, {})
        if "[" in step or through is None:
            return None if through or through is None else dict(outer)
        inner = through.get(branch, {})
        return None if inner is None else _both(outer, inner)


def _parts(program: Program) -> Parts:
    found: Parts = {}
    for each in _expressions(program):
        for reference in each.references:
            _add(found, (reference.root, *reference.fields))
    return found


def _add(parts: Parts, path: tuple[str, ...]) -> None:
    *before, last = path
    for name in before:
        inner = parts.setdefault(name, {})
        if inner is None:
            return
        parts = inner
    parts[last] = None


def _expressions(program: Program) -> Iterator[Expression]:
    yield from program.output.expressions
    for node in _nodes(program.body):
        yield from node.data.expressions
        yield from node.guards.values()
        yield from () if node.guard is None else (node.guard,)
        for arguments in node.substitutes:
            yield from arguments.expressions


def _nodes(sequence: Sequence) -> Iterator[Node]:
    for node in sequence.nodes.values():
        yield node
        for nested in node.children.values():
            yield from _nodes(nested)


def _both(one: Parts, other: Parts) -> Parts:
    found = dict(one)
    for name, parts in other.items():
        mine = found.get(name, {})
        found[name] = None if mine is None or parts is None else _both(mine, parts)
    return found


def _left(value: Any, parts: Parts | None) -> Any:
    if parts is None or not isinstance(value, Mapping):
        return value
    return {name: _left(value[name], inner) for name, inner in parts.items() if name in value}


def questions(program: Program, programs: Mapping[str, Program], recoveries: int) -> float:
    """Return how often a run may ask a model at most; infinity where it may go round.

    Args:
        program: what is run.
        programs: the workflows that it runs, by reference.
        recoveries: recovery choices that each call may have.
    """
    return _asked(program.body, programs, recoveries)


def _asked(sequence: Sequence, programs: Mapping[str, Program], recoveries: int) -> float:
    asked = sum(_asks(node, programs, recoveries) for node in sequence.nodes.values())
    goes_round = any(node.step.max_visits is not None for node in sequence.nodes.values())
    return math.inf if asked and goes_round else asked


def _asks(node: Node, programs: Mapping[str, Program], recoveries: int) -> float:
    step = node.step
    if isinstance(step, Decide):
        return 1 if step.by == "model" else 0
    if isinstance(step, Call):
        return recoveries if step.recover is not None and step.recover.by == "model" else 0
    if isinstance(step, RunWorkflow):
        return _asked(programs[pinning.reference(step)].body, programs, recoveries)
    asked = sum(_asked(nested, programs, recoveries) for nested in node.children.values())
    return math.inf if asked and isinstance(step, Foreach) else asked
