"""Budgets: what the worst way through a workflow surely needs, against what its budget allows."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from planner.definition import END, Decide, Foreach, Parallel, Receive, Wait, Workflow
from planner.validation import bounds, flow
from planner.validation.durations import seconds
from planner.validation.sequences import Sequence, edges
from tools.problems import Problem


class Way(NamedTuple):
    """A way through a sequence, and what its steps need together."""

    needs: float
    steps: tuple[str, ...]
    """Dotted paths of the steps on it that need anything."""


Weigh = Callable[[Sequence, str], float]
NOTHING = Way(0, ())


def problems(workflow: Workflow, everything: list[Sequence]) -> Iterator[Problem]:
    """Yield where the budget does not last to the end of the worst way, and what may wait for ever.

    Counted is what the definition itself says: decisions of the model, each once a visit; times that are
    waited, each as long as it is allowed. So nothing is told that cannot happen. Where the budget is spent,
    decisions take their `otherwise`, so these are warnings.
    """
    root, budget = everything[0], workflow.budget
    if budget.model_calls is not None:
        asked = worst(root, _questions, side_by_side=sum)
        if asked.needs > budget.model_calls:
            message = f"The model decides {asked.needs:g} times on the way {' → '.join(asked.steps)},"
            message += f" and the budget allows {budget.model_calls} requests."
            yield _over("/budget/model_calls", message)
    if budget.duration is None:
        yield from _endless(everything)
        return
    waited = worst(root, _waiting, side_by_side=max)
    allowed = budget.duration.total_seconds()
    if waited.needs > allowed:
        message = f"The way {' → '.join(waited.steps)} may wait {waited.needs:g} seconds,"
        yield _over("/budget/duration", f"{message} and the budget allows {allowed:g}.")


def worst(sequence: Sequence, weigh: Weigh, *, side_by_side: Callable[[list[float]], float]) -> Way:
    """Return the way through a sequence that needs most; steps of a loop count as often as it is bounded.

    Args:
        sequence: where the ways lead through.
        weigh: what one visit of a step itself needs.
        side_by_side: how the needs of branches come together.
    """
    ways = [edge for edge in edges(sequence) if not edge.guessed]
    visits = bounds.visits(sequence)
    group: dict[str, tuple[str, ...]] = {name: (name,) for name in sequence.steps}
    for loop in flow.loops(sequence, ways):
        group |= dict.fromkeys(loop, tuple(loop))
    best: dict[str, Way] = {END: NOTHING}
    for name in flow.finished(sequence, ways):
        members = group[name]
        own = [_visit(sequence, each, weigh, side_by_side) for each in members]
        times = [visits[each] or 1 for each in members]
        here = sum(way.needs * often for way, often in zip(own, times, strict=True))
        leaving = {edge.target for edge in ways if edge.source in members} - set(members)
        after = [best[target] for target in sorted(leaving) if target in best]
        on = max(after, default=NOTHING, key=lambda way: way.needs)
        best[name] = Way(here + on.needs, (*(step for way in own for step in way.steps), *on.steps))
        best |= dict.fromkeys(members, best[name])
    return best.get(sequence.entry, NOTHING)


def _visit(sequence: Sequence, name: str, weigh: Weigh, side_by_side: Callable[[list[float]], float]) -> Way:
    own = weigh(sequence, name)
    inner = [worst(child, weigh, side_by_side=side_by_side) for child in sequence.children.get(name, ())]
    if isinstance(sequence.steps[name], (Parallel, Foreach)) and inner:
        steps = tuple(step for way in inner for step in way.steps)
        return Way(side_by_side([way.needs for way in inner]), steps)
    return Way(own, (sequence.full(name),) if own else ())


def _questions(sequence: Sequence, name: str) -> float:
    step = sequence.steps[name]
    return float(isinstance(step, Decide) and step.by == "model" and len(step.options) > 1)


def _waiting(sequence: Sequence, name: str) -> float:
    step = sequence.steps[name]
    if isinstance(step, Wait):
        return seconds(step.wait) or 0.0
    if isinstance(step, (Decide, Receive)) and step.within is not None:
        return max(step.within.total_seconds(), 0.0)
    return 0.0


def _endless(everything: list[Sequence]) -> Iterator[Problem]:
    for sequence in everything:
        for name, step in sequence.sound():
            asks = isinstance(step, Decide) and step.by == "person" and step.within is None
            waits = isinstance(step, Receive) and step.within is None and step.otherwise is None
            if asks or waits:
                whom = "a person" if asks else "an event"
                yield Problem(
                    path=sequence.at(name),
                    code="no-deadline",
                    severity="warning",
                    message=f"Step '{sequence.full(name)}' may wait for {whom} for ever.",
                    remedy="Say `within` which time, or bound the run with `budget: {duration: …}`.",
                )


def _over(pointer: str, message: str) -> Problem:
    remedy = "Allow more, or ask and wait less; what is over it takes its `otherwise`."
    return Problem(path=pointer, code="over-budget", severity="warning", message=message, remedy=remedy)
