"""Flow: steps that nothing leads to, loops without a bound, and no way to the end."""

from collections.abc import Iterable

from planner.definition import END, Fail
from planner.validation.candidates import listed
from planner.validation.sequences import Edge, Sequence, edges, reached
from tools.problems import Problem


def problems(sequence: Sequence) -> list[Problem]:
    """Return what is wrong with the ways between the steps of one sequence."""
    ways = edges(sequence)
    stuck = _stuck(sequence, ways)
    return [
        *_unreachable(sequence, ways),
        *_endless(sequence, ways, stuck),
        *_unbounded(sequence, ways, stuck),
    ]


def _unreachable(sequence: Sequence, ways: list[Edge]) -> list[Problem]:
    lost = [name for name in sequence.steps if name not in reached(sequence.entry, ways)]
    inner = [edge for edge in ways if edge.source in lost and edge.target in lost and not edge.guessed]
    led_to = {edge.target for edge in inner if edge.source != edge.target}
    first = [name for name in lost if name not in led_to]
    covered = {name for root in first for name in reached(root, inner)}
    for name in lost:
        if name not in covered:
            first.append(name)
            covered |= reached(name, inner)
    return [_unreachable_problem(sequence, name, reached(name, inner) - {name}) for name in first]


def _unreachable_problem(sequence: Sequence, name: str, more: Iterable[str]) -> Problem:
    tail = f", nor to {listed(sorted(more))}, which only it leads to" if more else ""
    return Problem(
        path=sequence.at(name),
        code="unreachable-step",
        message=f"No way leads to step '{name}'{tail}.",
        remedy="Name it in the `then` of a step or option, move it, or take it out.",
    )


def _stuck(sequence: Sequence, ways: list[Edge]) -> set[str]:
    """Return the steps that can be reached and from which no end can be."""
    leaving = {edge.source for edge in ways}
    ends = {END} | {name for name in sequence.steps if name not in leaving or _fails(sequence, name)}
    backwards = [Edge(edge.target, edge.source, edge.ran) for edge in ways]
    can_end = {name for end in ends for name in reached(end, backwards)}
    return (reached(sequence.entry, ways) & set(sequence.steps)) - can_end


def _fails(sequence: Sequence, name: str) -> bool:
    return name not in sequence.broken and isinstance(sequence.steps[name], Fail)


def _endless(sequence: Sequence, ways: list[Edge], stuck: set[str]) -> list[Problem]:
    found = []
    for loop in _loops(sequence, [edge for edge in ways if edge.source in stuck]):
        leaves = any(edge.source in loop and edge.target not in loop for edge in ways)
        if leaves:
            continue
        path = " → ".join(round_trip(loop, ways))
        found.append(
            Problem(
                path=sequence.at(loop[0]),
                code="no-way-to-end",
                message=f"From step '{loop[0]}' no way leads to the end: {path}.",
                remedy="Let a step, option or case on this loop go to a step outside it or to `end`,"
                " and give one of its steps `max_visits`.",
            )
        )
    return found


def _unbounded(sequence: Sequence, ways: list[Edge], stuck: set[str]) -> list[Problem]:
    bounded = {name for name, step in sequence.steps.items() if step.max_visits is not None}
    sure = [edge for edge in ways if not edge.guessed]
    free = [edge for edge in sure if not {edge.source, edge.target} & (bounded | stuck)]
    return [
        Problem(
            path=sequence.at(loop[0]),
            code="unbounded-cycle",
            message=f"The steps {' → '.join(round_trip(loop, free))} can follow each other for ever.",
            remedy="Give one of these steps `max_visits`.",
        )
        for loop in _loops(sequence, free)
    ]


def _loops(sequence: Sequence, ways: list[Edge]) -> list[list[str]]:
    """Return the sets of steps that can all be come to from each other, in the order of the file."""
    ways = [edge for edge in ways if edge.target != END]
    reach = {name: _beyond(name, ways) for name in sequence.steps}
    loops: list[list[str]] = []
    for name in sequence.steps:
        if name in reach[name] and not any(name in loop for loop in loops):
            loops.append([other for other in sequence.steps if other in reach[name] and name in reach[other]])
    return loops


def _beyond(name: str, ways: list[Edge]) -> set[str]:
    return {found for edge in ways if edge.source == name for found in reached(edge.target, ways)}


def round_trip(loop: list[str], ways: list[Edge]) -> list[str]:
    """Return a shortest way from the first step of the loop back to it."""
    inside = [edge for edge in ways if edge.source in loop and edge.target in loop]
    waiting: list[list[str]] = [[loop[0]]]
    seen: set[str] = set()
    for path in waiting:
        for edge in inside:
            if edge.source != path[-1]:
                continue
            if edge.target == loop[0]:
                return [*path, edge.target]
            if edge.target not in seen:
                seen.add(edge.target)
                waiting.append([*path, edge.target])
    return loop
