"""Flow: steps that nothing leads to, loops without a bound, and no way to the end."""

from collections.abc import Iterable

from planner.definition import END, Fail
from planner.validation.candidates import listed
from planner.validation.sequences import Edge, Sequence, by_source, edges, reached
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
    found = reached(sequence.entry, ways)
    lost = [name for name in sequence.steps if name not in found]
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
    ends = {name for name in sequence.steps if name not in leaving or _fails(sequence, name)}
    backwards = [Edge(edge.target, edge.source, edge.ran) for edge in ways]
    backwards += [Edge(END, name, ran=True) for name in ends]
    can_end = reached(END, backwards)
    return (reached(sequence.entry, ways) & set(sequence.steps)) - can_end


def _fails(sequence: Sequence, name: str) -> bool:
    return name not in sequence.broken and isinstance(sequence.steps[name], Fail)


def _endless(sequence: Sequence, ways: list[Edge], stuck: set[str]) -> list[Problem]:
    found = []
    for loop in loops(sequence, [edge for edge in ways if edge.source in stuck]):
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
        for loop in loops(sequence, free)
    ]


def loops(sequence: Sequence, ways: list[Edge]) -> list[list[str]]:
    """Return the sets of steps that can all be come to from each other, in the order of the file."""
    names = set(sequence.steps) - {END}
    ways = [edge for edge in ways if {edge.source, edge.target} <= names]
    backwards = by_source(Edge(edge.target, edge.source, edge.ran) for edge in ways)
    itself = {edge.source for edge in ways if edge.source == edge.target}
    order = {name: place for place, name in enumerate(sequence.steps)}
    taken: set[str] = set()
    loops: list[list[str]] = []
    for name in reversed(finished(sequence, ways)):
        group = _unfold(name, backwards, taken)
        if len(group) > 1 or name in itself:
            loops.append(sorted(group, key=order.__getitem__))
    return sorted(loops, key=lambda loop: order[loop[0]])


def finished(sequence: Sequence, ways: Iterable[Edge]) -> list[str]:
    """Return the steps in the order in which a walk in depth leaves them for good."""
    leaving = by_source(edge for edge in ways if edge.target != END)
    seen: set[str] = set()
    done: list[str] = []
    for name in sequence.steps:
        waiting = [(name, False)]
        while waiting:
            step, left = waiting.pop()
            if left:
                done.append(step)
            elif step not in seen:
                seen.add(step)
                waiting.append((step, True))
                waiting += [(edge.target, False) for edge in leaving.get(step, [])]
    return done


def _unfold(start: str, leaving: dict[str, list[Edge]], taken: set[str]) -> list[str]:
    """Return the steps come to from `start` that are not taken yet, and take them."""
    found, waiting = [], [start]
    while waiting:
        step = waiting.pop()
        if step not in taken:
            taken.add(step)
            found.append(step)
            waiting += [edge.target for edge in leaving.get(step, [])]
    return found


def round_trip(loop: list[str], ways: list[Edge]) -> list[str]:
    """Return a shortest way from the first step of the loop back to it."""
    inside = by_source(edge for edge in ways if edge.target in loop)
    waiting: list[list[str]] = [[loop[0]]]
    seen: set[str] = set()
    for path in waiting:
        for edge in inside.get(path[-1], []):
            if edge.target == loop[0]:
                return [*path, edge.target]
            if edge.target not in seen:
                seen.add(edge.target)
                waiting.append([*path, edge.target])
    return loop
