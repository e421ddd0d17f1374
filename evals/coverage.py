"""Coverage: what a workflow declares, and how much of it was come past. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from graphs import pinning
from graphs.blocks import Node, Program, Sequence
from graphs.steps import MOST_DEPTH
from planner.definition import AnyStep, Call, Decide, Fail, RunWorkflow, Workflow, walk
from tools.records import Record


class Share(Record):
    """How much of something was covered."""

    covered: int
    total: int
    missing: tuple[str, ...] = ()
    """What was not."""

    @property
    def percent(self) -> int:
        """Whole percents; 100 only where nothing is missing, and where there was nothing to cover."""
        return 100 if not self.total else self.covered * 100 // self.total


class Coverage(Record):
    """How much of a workflow was come past."""

    steps: Share
    edges: Share
    """Ways from one stretch of steps to the next."""
    options: Share
    """Options of decisions that were chosen."""
    unreachable: tuple[str, ...]
    """Options that were never even offered."""
    outcomes: Share
    """Ways in which calls, models and persons answered."""
    pairs: int
    """Different ways of two answers in a row."""

    @property
    def shares(self) -> dict[str, Share]:
        """What is counted, by its name in the plural."""
        return {
            "steps": self.steps,
            "edges": self.edges,
            "options": self.options,
            "outcomes": self.outcomes,
        }

    def missing(self) -> Iterator[str]:
        """Yield a line for each kind of which something was not come past."""
        for name, each in self.shares.items():
            if each.missing:
                yield f"no {name[:-1]}: {'; '.join(each.missing)}"

    @property
    def counts(self) -> str:
        """How much of everything was covered, on one line."""
        return ", ".join(f"{each.covered} of {each.total} {name}" for name, each in self.shares.items())


class Place(NamedTuple):
    """A step and its path in the workflow."""

    path: str
    node: Node


class Declared(NamedTuple):
    """A workflow with all that it runs, made ready."""

    body: Sequence
    programs: Mapping[str, Program]
    """The workflows that it runs, by reference."""

    def places(self) -> list[Place]:
        """Return its steps, those of the workflows that it runs included."""
        return list(_places(self, self.body, "", 0))

    def edges(self) -> set[str]:
        """Return the ways from one stretch of steps to the next."""
        return set(_edges(self, self.body, "", 0))

    def lasts(self) -> dict[str, str]:
        """Return the steps at which stretches end, each with the path of the stretch."""
        return dict(_lasts(self, self.body, "", 0))

    def options(self) -> set[str]:
        """Return the options of its decisions."""
        steps = [(path, node.step) for path, node in self.places()]
        return {
            f"{path}: {name}" for path, step in steps if isinstance(step, Decide) for name in step.options
        }


def share(all_: set[str], found: set[str]) -> Share:
    """Return how much of all was found."""
    missing = tuple(sorted(all_ - found))
    return Share(covered=len(all_) - len(missing), total=len(all_), missing=missing)


def operations(workflow: Workflow) -> set[str]:
    """Return the operations that a workflow's own steps may call going forward."""
    return {name for place in walk(workflow) for name in called(place.step)}


def called(step: AnyStep) -> tuple[str, ...]:
    """Return the operations that a step may call: its own, and those that may stand in for it."""
    return (step.call, *(other.call for other in step.substitutes)) if isinstance(step, Call) else ()


def asks_model(step: AnyStep) -> bool:
    """Tell whether a step may ask a model: what to choose, or what to do about its call."""
    if isinstance(step, Decide):
        return step.by == "model"
    return isinstance(step, Call) and step.recover is not None and step.recover.by == "model"


def is_gated(step: AnyStep) -> bool:
    """Tell whether a model's choice at a step counts only when it is sure."""
    if isinstance(step, Decide):
        return step.min_confidence > 0
    return isinstance(step, Call) and step.recover is not None and step.recover.min_confidence > 0


def _places(told: Declared, sequence: Sequence, prefix: str, depth: int) -> Iterator[Place]:
    for name, node in sequence.nodes.items():
        path = f"{prefix}{name}"
        yield Place(path, node)
        for below, nested in _nested(told, node, path, depth):
            yield from _places(told, nested, below, depth + 1)


def _nested(told: Declared, node: Node, path: str, depth: int) -> Iterator[tuple[str, Sequence]]:
    """Yield the sequences inside a step, with the prefix of their steps."""
    if depth == MOST_DEPTH:
        return
    if isinstance(node.step, RunWorkflow):
        yield f"{path}.", told.programs[pinning.reference(node.step)].body
    for branch, nested in node.children.items():
        yield (f"{path}." if branch == "steps" and len(node.children) == 1 else f"{path}.{branch}."), nested


def _edges(told: Declared, sequence: Sequence, prefix: str, depth: int) -> Iterator[str]:
    for block in sequence.blocks.values():
        last = block.nodes[-1]
        if not isinstance(last.step, Fail):
            yield from (f"{prefix}{block.name} -> {target}" for target in block.targets)
        for node in block.nodes:
            for below, nested in _nested(told, node, f"{prefix}{node.name}", depth):
                yield from _edges(told, nested, below, depth + 1)


def _lasts(told: Declared, sequence: Sequence, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    for block in sequence.blocks.values():
        yield f"{prefix}{block.nodes[-1].name}", f"{prefix}{block.name}"
        for node in block.nodes:
            for below, nested in _nested(told, node, f"{prefix}{node.name}", depth):
                yield from _lasts(told, nested, below, depth + 1)
