"""Outline: a workflow as nodes and edges. Pure."""

from collections.abc import Iterator
from typing import Literal, assert_never

from graphs import blocks
from graphs.blocks import Node as Compiled
from graphs.blocks import Sequence as Steps
from planner.definition import (
    END,
    AnyStep,
    Call,
    Decide,
    Fail,
    Foreach,
    Parallel,
    Receive,
    RunWorkflow,
    Set,
    Switch,
    Wait,
    Workflow,
)
from tools.records import Record

START_ID, END_ID = "(start)", "(end)"

Kind = Literal[
    "start",
    "end",
    "branch",
    "call",
    "decide",
    "switch",
    "set",
    "parallel",
    "foreach",
    "run",
    "wait",
    "receive",
    "fail",
]
State = Literal["untouched", "done", "skipped", "current", "stopped", "failed", "undone"]
SKIPPED = "if not"
"""Label of the way past a step that chooses its own way, when its `if` is false."""
OTHERWISE = "otherwise"
LATE = "not in time"
"""Label of the way that is taken where no event came."""
_LONGEST_TEXT = 200


class Node(Record):
    """A step, a branch, or where a sequence begins or ends."""

    id: str
    """Path of names, such as `facts.stock.level`."""
    kind: Kind
    title: str
    text: str = ""
    """What it calls, asks or computes."""
    guard: str = ""
    """Its `if`."""
    inside: str | None = None
    """The node that holds it: a parallel step, a branch or a foreach."""
    visits: int = 0
    """How often the run came here."""
    state: State = "untouched"
    """What became of it in the run."""
    notes: tuple[str, ...] = ()
    """What was decided here, and what was taken back."""


class Edge(Record):
    """A way from one node to another of the same sequence."""

    source: str
    target: str
    label: str = ""
    """The option, condition or `otherwise` that leads this way."""
    visits: int = 0
    """How often the run went this way."""


class Drawing(Record):
    """A workflow as a graph."""

    workflow: str
    version: str
    run_id: str | None = None
    """The run whose path stands out."""
    status: str | None = None
    """How that run stands."""
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def within(self, container: str | None) -> tuple[Node, ...]:
        """Return the nodes that stand directly inside a node, in the order of the file."""
        return tuple(node for node in self.nodes if node.inside == container)


def outline(workflow: Workflow) -> Drawing:
    """Return the graph of a workflow."""
    body = blocks.sequence(workflow.steps)
    start = Node(id=START_ID, kind="start", title="start")
    end = Node(id=END_ID, kind="end", title="end")
    return Drawing(
        workflow=workflow.workflow,
        version=workflow.version,
        nodes=(start, *_nodes(body, "", None), end),
        edges=(Edge(source=START_ID, target=body.entry), *_edges(body, "")),
    )


def _nodes(sequence: Steps, prefix: str, inside: str | None) -> Iterator[Node]:
    for name, compiled in sequence.nodes.items():
        here, step = prefix + name, compiled.step
        guard = "" if compiled.guard is None else compiled.guard.source
        yield Node(id=here, kind=step.kind, title=name, text=_text(step), guard=guard, inside=inside)
        for branch, nested in compiled.children.items():
            if isinstance(step, Parallel):
                yield Node(id=f"{here}.{branch}", kind="branch", title=branch, inside=here)
                yield from _inside(nested, f"{here}.{branch}")
            else:
                yield from _inside(nested, here)


def _inside(sequence: Steps, container: str) -> Iterator[Node]:
    yield from _nodes(sequence, f"{container}.", container)
    if _has_end(sequence):
        yield Node(id=f"{container}.{END_ID}", kind="end", title="end", inside=container)


def _edges(sequence: Steps, prefix: str) -> Iterator[Edge]:
    for compiled in sequence.nodes.values():
        for label, target in _ways(compiled):
            if target != END:
                yield Edge(source=prefix + compiled.name, target=prefix + target, label=label)
            elif not prefix or _has_end(sequence):
                yield Edge(source=prefix + compiled.name, target=prefix + END_ID, label=label)
        for branch, nested in compiled.children.items():
            is_parallel = isinstance(compiled.step, Parallel)
            yield from _edges(
                nested, f"{prefix}{compiled.name}.{branch}." if is_parallel else f"{prefix}{compiled.name}."
            )


def _has_end(sequence: Steps) -> bool:
    """Tell whether a nested sequence ends in more ways than by running off its last step."""
    ends = [label for compiled in sequence.nodes.values() for label, to in _ways(compiled) if to == END]
    return len(ends) > 1 or any(ends)


def _ways(compiled: Compiled) -> list[tuple[str, str]]:
    """Return the ways out of a step: label and name of the next one."""
    step = compiled.step
    if isinstance(step, Decide):
        ways = [(name, option.then or compiled.next) for name, option in step.options.items()]
    elif isinstance(step, Switch):
        ways = [(_bare(case.when), case.then) for case in step.switch]
        ways.append((OTHERWISE, step.otherwise or compiled.next))
    elif isinstance(step, Receive) and step.within is not None and step.otherwise is not None:
        ways = [("", compiled.next), (LATE, step.otherwise)]
    elif isinstance(step, Fail):
        ways = []
    else:
        return [("", compiled.next)]
    return ways if compiled.guard is None else [*ways, (SKIPPED, compiled.next)]


def _text(step: AnyStep) -> str:
    return " ".join(_told(step).split())[:_LONGEST_TEXT]


def _told(step: AnyStep) -> str:  # noqa: PLR0911 - one return for each kind of step
    match step:
        case Call():
            return step.call
        case Decide():
            return f"{step.decide} ({step.by})"
        case Set():
            return ", ".join(step.set)
        case Foreach():
            return f"for each of {_bare(step.foreach)}"
        case RunWorkflow():
            return step.run if step.version is None else f"{step.run} {step.version}"
        case Wait():
            return _bare(step.wait)
        case Receive():
            return step.receive if step.when is None else f"{step.receive} when {_bare(step.when)}"
        case Fail():
            return step.fail
        case Switch() | Parallel():
            return ""
        case _:
            assert_never(step)


def _bare(expression: str) -> str:
    text = " ".join(expression.split())
    whole = text.startswith("${") and text.endswith("}") and text.count("${") == 1
    return text[2:-1].strip() if whole else text
