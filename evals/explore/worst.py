"""The worst case: the most that any explored path uses, and which of it the workflow itself bounds. Pure."""

from collections import Counter

from evals.explore.graph import Graph
from planner.definition import Budget
from tools.records import Record


class Limits(Record):
    """What the workflow's budget allows; what it does not tell, it does not bound."""

    model_calls: int | None
    tokens: int | None
    cost_usd: str | None
    seconds: float | None

    @property
    def missing(self) -> tuple[str, ...]:
        """What the budget does not bound."""
        return tuple(name for name, most in self.model_dump().items() if most is None)


class Worst(Record):
    """The most that a path may use, each for itself, within the bounds of the search."""

    calls: int
    model_calls: int
    tokens: int
    """Estimated from the length of the prompts."""
    seconds: float
    """Virtual time: timeouts, pauses, waiting for persons and events until their deadlines."""
    operations: dict[str, int]
    """Calls by operation."""
    circles: bool
    """Whether a path may come back to a state that it was in; then each round uses more than is told here."""
    limits: Limits


def worst(graph: Graph, budget: Budget, faults: int) -> Worst:
    """Return the most that a path with at most so many faults uses."""
    operations, circles = _operations(graph, faults)
    duration = budget.duration
    limits = Limits(
        model_calls=budget.model_calls,
        tokens=budget.tokens,
        cost_usd=None if budget.cost_usd is None else str(budget.cost_usd),
        seconds=None if duration is None else duration.total_seconds(),
    )
    used = graph.worst(faults)._asdict()
    return Worst(**used, operations=operations, circles=circles, limits=limits)


def _operations(graph: Graph, faults: int) -> tuple[dict[str, int], bool]:
    """Return the most calls of each operation on one path, and whether some path goes round."""
    most: dict[tuple[int, int], Counter[str]] = {}
    circles = False
    for node, left in graph.deepest_first(faults):
        found: Counter[str] = Counter()
        for edge in graph.out.get(node, ()):
            target = (edge.target, left - edge.faults)
            if target[1] < 0:
                continue
            circles = circles or target not in most
            own = Counter(move.label for move in edge.moves if move.kind == "call")
            found |= own + most.get(target, Counter())
        most[node, left] = found
    whole: Counter[str] = Counter()
    for root in graph.roots:
        whole |= most.get((root, faults), Counter())
    return dict(sorted(whole.items())), circles
