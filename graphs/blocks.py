"""Blocks: a workflow cut into straight-line stretches between branches, joins and decisions. Pure."""

from dataclasses import dataclass, field
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
    RunWorkflow,
    Set,
    Steps,
    Switch,
    Wait,
    Workflow,
)
from tools import expressions
from tools.expressions import Expression, Template


@dataclass(frozen=True, slots=True)
class Node:
    """One step, with its expressions compiled and its ways out resolved."""

    name: str
    step: AnyStep
    next: str
    """Where the flow goes after it, unless the step chooses."""
    data: Template
    """What the step renders: arguments, given data, values, message or duration."""
    guard: Expression | None = None
    """The step's `if`."""
    guards: dict[str, Expression] = field(default_factory=dict)
    """Conditions of options, cases or events, by option id, case number or `when`."""
    children: "dict[str, Sequence]" = field(default_factory=dict)
    """Nested sequences, by branch; a foreach has one, named `steps`."""
    substitutes: tuple[Template, ...] = ()

    @property
    def targets(self) -> frozenset[str]:
        """Every step (or `end`) that may follow."""
        step = self.step
        if isinstance(step, Fail):
            return frozenset({END} if self.guard is None else {self.next})
        if isinstance(step, Decide):
            chosen = {option.then or self.next for option in step.options.values()}
        elif isinstance(step, Switch):
            chosen = {case.then for case in step.switch} | {step.otherwise or self.next}
        elif isinstance(step, Receive):
            chosen = {self.next, step.otherwise or self.next}
        else:
            chosen = {self.next}
        return frozenset(chosen | ({self.next} if self.guard is not None else set()))


class Block(NamedTuple):
    """A stretch of steps that is entered only at its first one."""

    name: str
    """Name of its first step."""
    nodes: tuple[Node, ...]
    targets: frozenset[str]
    """Blocks (or `end`) that may follow."""


@dataclass(frozen=True)
class Sequence:
    """Steps in order with their blocks; the body of a workflow, a branch or a foreach."""

    nodes: dict[str, Node]
    blocks: dict[str, Block]
    entry: str


class Program(NamedTuple):
    """A workflow made ready to run."""

    workflow: Workflow
    body: Sequence
    output: Template


def program(workflow: Workflow) -> Program:
    """Return the workflow cut into blocks, with every expression compiled.

    Raises:
        ExpressionError: an expression cannot be read.
    """
    return Program(workflow, sequence(workflow.steps), Template(workflow.output))


def sequence(steps: Steps) -> Sequence:
    """Return the steps as nodes and blocks."""
    names = list(steps)
    nodes = {
        name: _node(name, step, step.then or (names[place + 1] if place + 1 < len(names) else END))
        for place, (name, step) in enumerate(steps.items())
    }
    return Sequence(nodes, _blocks(nodes), names[0])


def _blocks(nodes: dict[str, Node]) -> dict[str, Block]:
    names = list(nodes)
    leaders = {names[0]}
    for place, node in enumerate(nodes.values()):
        follows = names[place + 1] if place + 1 < len(names) else END
        if node.targets != {follows}:
            leaders |= node.targets | {follows}
    for node in nodes.values():
        if len(node.targets) > 1 or isinstance(node.step, (Decide, Switch)):
            leaders |= node.targets
    blocks: dict[str, Block] = {}
    current: list[Node] = []
    for place, name in enumerate(names):
        current.append(nodes[name])
        if place + 1 == len(names) or names[place + 1] in leaders:
            blocks[current[0].name] = Block(current[0].name, tuple(current), current[-1].targets)
            current = []
    return blocks


def _node(name: str, step: AnyStep, following: str) -> Node:
    guards: dict[str, Expression] = {}
    children: dict[str, Sequence] = {}
    if isinstance(step, Decide):
        guards = {key: expressions.condition(o.when) for key, o in step.options.items() if o.when is not None}
    elif isinstance(step, Switch):
        guards = {str(place): expressions.condition(case.when) for place, case in enumerate(step.switch)}
    elif isinstance(step, Receive) and step.when is not None:
        guards = {"when": expressions.condition(step.when)}
    elif isinstance(step, Parallel):
        children = {branch: sequence(nested) for branch, nested in step.parallel.items()}
    elif isinstance(step, Foreach):
        children = {"steps": sequence(step.steps)}
    substitutes = step.substitutes if isinstance(step, Call) else ()
    return Node(
        name=name,
        step=step,
        next=following,
        data=Template(_data(step)),
        guard=None if step.if_ is None else expressions.condition(step.if_),
        guards=guards,
        children=children,
        substitutes=tuple(Template(substitute.with_) for substitute in substitutes),
    )


def _data(step: AnyStep) -> object:
    if isinstance(step, (Call, RunWorkflow)):
        return step.with_
    if isinstance(step, Decide):
        return step.given
    if isinstance(step, Set):
        return step.set
    if isinstance(step, Foreach):
        return step.foreach if "${" in step.foreach else f"${{{step.foreach}}}"
    if isinstance(step, Wait):
        return step.wait
    return step.fail if isinstance(step, Fail) else None
