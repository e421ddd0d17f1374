"""Sequences: the nested lists of steps of a workflow, and the ways through each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from planner.definition import (
    END,
    AnyStep,
    Call,
    Decide,
    Fail,
    Foreach,
    Parallel,
    Receive,
    Switch,
    Workflow,
)

ANYWHERE = "*"
"""Stands between a step of which it is not known where it leads, and every step that it may lead to."""

NOTHING_BROKEN: frozenset[str] = frozenset()


class Edge(NamedTuple):
    """One way from a step to the next one."""

    source: str
    target: str
    """A step of the same sequence, or `end`."""
    ran: bool
    """Whether the step has done its work when the flow leaves by this way."""
    guessed: bool = False
    """Whether the target is not known, because what names it is wrong."""


class Jump(NamedTuple):
    """A target that a step names."""

    pointer: str
    target: str


@dataclass(eq=False)
class Sequence:
    """Steps that follow each other: a workflow's, a branch's or those of a foreach."""

    pointer: str
    """JSON pointer to the mapping of steps."""
    path: str
    """Dotted path in front of its steps, empty for the outermost."""
    steps: Mapping[str, AnyStep]
    broken: frozenset[str] = NOTHING_BROKEN
    """Names of steps whose shape is wrong, so that nothing is known but their name."""
    parent: "Sequence | None" = None
    owner: str = ""
    """Name of the step of `parent` that holds it."""
    branch: str = ""
    """Name of the branch, empty in a foreach."""
    children: dict[str, list["Sequence"]] = field(default_factory=dict)
    """Nested sequences by the name of the step that holds them."""

    @cached_property
    def nexts(self) -> dict[str, str]:
        """The step that stands behind each one in the file, or `end`."""
        names = list(self.steps)
        return dict(zip(names, (*names[1:], END), strict=True))

    @property
    def entry(self) -> str:
        """The step that comes first."""
        return next(iter(self.steps), END)

    @property
    def looped(self) -> bool:
        """Tell whether it is the body of a foreach."""
        return self.parent is not None and isinstance(self.parent.steps[self.owner], Foreach)

    def at(self, name: str, *more: str) -> str:
        """Return the JSON pointer of a step, or of something in it."""
        return "/".join((self.pointer, escaped(name), *more))

    def full(self, name: str) -> str:
        """Return the dotted path of a step."""
        return f"{self.path}.{name}" if self.path else name

    def outward(self) -> Iterator["Sequence"]:
        """Yield this sequence and those around it, innermost first."""
        current: Sequence | None = self
        while current is not None:
            yield current
            current = current.parent

    def sound(self) -> Iterator[tuple[str, AnyStep]]:
        """Yield the steps whose shape is right."""
        return ((name, step) for name, step in self.steps.items() if name not in self.broken)


def sequences(workflow: Workflow, broken: frozenset[str] = NOTHING_BROKEN) -> list[Sequence]:
    """Return every sequence of the workflow, the outermost first; `broken` are pointers of steps."""
    found: list[Sequence] = []
    _grow(Sequence("/steps", "", workflow.steps), broken, found)
    return found


def _grow(sequence: Sequence, broken: frozenset[str], found: list[Sequence]) -> None:
    sequence.broken = frozenset(name for name in sequence.steps if sequence.at(name) in broken)
    found.append(sequence)
    for name, step in sequence.steps.items():
        for branch, nested in _nested(step).items():
            tail = ("parallel", escaped(branch)) if branch else ("steps",)
            path = f"{sequence.full(name)}.{branch}" if branch else sequence.full(name)
            child = Sequence(
                sequence.at(name, *tail), path, nested, parent=sequence, owner=name, branch=branch
            )
            sequence.children.setdefault(name, []).append(child)
            _grow(child, broken, found)


def _nested(step: AnyStep) -> dict[str, Mapping[str, AnyStep]]:
    if isinstance(step, Parallel):
        return dict(step.parallel)
    return {"": step.steps} if isinstance(step, Foreach) else {}


def jumps(sequence: Sequence, name: str) -> list[Jump]:
    """Return every target that the step names, with the place where it does."""
    step = sequence.steps[name]
    found = [Jump(sequence.at(name, "then"), step.then)] if step.then is not None else []
    if isinstance(step, Decide):
        found += [
            Jump(sequence.at(name, "options", key, "then"), option.then)
            for key, option in step.options.items()
            if option.then is not None
        ]
    elif isinstance(step, Switch):
        found += [
            Jump(sequence.at(name, "switch", str(place), "then"), case.then)
            for place, case in enumerate(step.switch)
        ]
    if isinstance(step, (Switch, Receive)) and step.otherwise is not None:
        found.append(Jump(sequence.at(name, "otherwise"), step.otherwise))
    return found


def following(sequence: Sequence, name: str) -> str:
    """Return where the flow goes after the step unless it chooses: its `then`, or the next in the file."""
    step = sequence.steps[name]
    if step.then is not None and name not in sequence.broken:
        return step.then
    return sequence.nexts[name]


def chosen(sequence: Sequence, name: str) -> set[str]:
    """Return where the flow may go once the step has run."""
    step, after = sequence.steps[name], following(sequence, name)
    if isinstance(step, Fail):
        return set()
    if isinstance(step, Decide):
        return {option.then or after for option in step.options.values()}
    if isinstance(step, Switch):
        return {case.then for case in step.switch} | {step.otherwise or after}
    return {after}


def edges(sequence: Sequence) -> list[Edge]:
    """Return every way between the steps of the sequence; what names no step may lead anywhere."""
    found: dict[Edge, None] = {}
    for name, step in sequence.steps.items():
        if name in sequence.broken:
            found[Edge(name, ANYWHERE, ran=True, guessed=True)] = None
            continue
        ways = [(target, True) for target in sorted(chosen(sequence, name)) if _ends(sequence, name)]
        if step.if_ is not None or (isinstance(step, Call) and step.optional):
            ways.append((following(sequence, name), False))
        if isinstance(step, Receive) and step.otherwise is not None:
            ways.append((step.otherwise, False))
        for target, ran in ways:
            known = target in sequence.steps or target == END
            found[Edge(name, target if known else ANYWHERE, ran, guessed=not known)] = None
    if any(edge.guessed for edge in found):
        everywhere = (*sequence.steps, END)
        found.update(dict.fromkeys(Edge(ANYWHERE, name, ran=True, guessed=True) for name in everywhere))
    return list(found)


def _ends(sequence: Sequence, name: str) -> bool:
    """Tell whether the step can end well: every branch of a parallel must come to its end."""
    if not isinstance(sequence.steps[name], Parallel):
        return True
    return all(END in reached(child.entry, edges(child)) for child in sequence.children.get(name, []))


def by_source(ways: Iterable[Edge]) -> dict[str, list[Edge]]:
    """Return the ways by the step that they leave."""
    found: dict[str, list[Edge]] = {}
    for edge in ways:
        found.setdefault(edge.source, []).append(edge)
    return found


def reached(start: str, ways: Iterable[Edge]) -> set[str]:
    """Return every step that can be come to from `start`, itself included."""
    leaving = by_source(ways)
    found, waiting = {start}, [start]
    while waiting:
        for edge in leaving.get(waiting.pop(), []):
            if edge.target not in found:
                found.add(edge.target)
                waiting.append(edge.target)
    return found


def escaped(name: str) -> str:
    """Return a name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
