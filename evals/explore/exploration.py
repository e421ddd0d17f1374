"""Explorations: what a search came to, as people and machines read it."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Literal

from evals import invariants
from evals.explore import coverage, graph, story, worst
from evals.explore.coverage import SearchCoverage, Seen
from evals.explore.findings import Found, Written
from evals.explore.search import Search
from tools.records import Record


class Counterexample(Record):
    """The way with the fewest faults, and of these the shortest, on which something is wrong."""

    invariant: str
    message: str
    scenario: str
    """Id of the case whose input and answers it has."""
    faults: int
    moves: tuple[str, ...]
    """What happened, one line each."""
    case: str | None = None
    """File of the case that shows it."""
    reproduced: bool | None = None
    """Whether that case shows it on the engine of production; None where none was written."""


class Exploration(Record):
    """What a search came to."""

    schema_: Literal["evals-exploration/1"] = "evals-exploration/1"
    workflow: str
    version: str
    sha256: str
    status: Literal["COMPLETE", "INCOMPLETE"]
    """COMPLETE where every path within the bounds was explored; it proves nothing beyond them."""
    reasons: tuple[str, ...]
    """Why it is not complete."""
    bounds: dict[str, float]
    scenarios: tuple[str, ...]
    paths: int
    """Different paths from beginning to end within the bound of faults."""
    states: int
    transitions: int
    runs: int
    """How often the engine was started."""
    checked: int
    """Pruned states whose next moves were compared with those of their likes."""
    seconds: float
    violations: tuple[Counterexample, ...]
    coverage: SearchCoverage
    worst: worst.Worst


def exploration(search: Search, written: Sequence[Written] = ()) -> Exploration:
    """Return what a search came to.

    Args:
        search: the search.
        written: the cases of its counterexamples, in the order of `fewest`.
    """
    subject, bounds = search.subject, search.bounds
    vacuous = set(subject.rules.vacuous(frozenset(search.applied), subject.real))
    tested = search.activated | {rule.name for rule in subject.rules.rules} - vacuous
    seen = Seen(
        search.steps,
        search.edges,
        search.offered,
        search.chosen,
        tested,
        search.invariants,
        search.sites,
        search.crashes,
    )
    return Exploration(
        workflow=subject.workflow.workflow,
        version=subject.workflow.version,
        sha256=subject.workflow.sha256,
        status="COMPLETE" if search.is_complete else "INCOMPLETE",
        reasons=tuple(dict.fromkeys(search.reasons)),
        bounds={**bounds._asdict(), "recoveries": subject.recoveries, "cancels": subject.cancels},
        scenarios=tuple(scenario.name for scenario in subject.scenarios),
        paths=search.graph.paths(bounds.faults),
        states=search.states,
        transitions=sum(1 for _ in search.graph.edges),
        runs=search.runs,
        checked=search.checked,
        seconds=round(search.seconds, 3),
        violations=tuple(
            _counterexample(search, found, case)
            for found, case in zip_longest(fewest(search), written)
            if found is not None
        ),
        coverage=coverage.coverage(subject, search.graph, seen, bounds.faults),
        worst=worst.worst(search.graph, subject.workflow.budget, bounds.faults),
    )


def fewest(search: Search) -> Iterator[Found]:
    """Yield for every violation the way that shows it with the fewest faults, and of these the shortest."""
    best: dict[invariants.Violation, tuple[tuple[int, int], Found]] = {}
    for found in search.found:
        way = graph.moves(search.graph.shortest(found.node))
        cost = (sum(move.faults for move in way), len(way))
        if found.violation not in best or cost < best[found.violation][0]:
            best[found.violation] = (cost, found)
    return (found for _, found in sorted(best.values(), key=lambda each: each[0]))


def _counterexample(search: Search, found: Found, written: Written | None) -> Counterexample:
    moves = graph.moves(search.graph.shortest(found.node))
    return Counterexample(
        invariant=found.violation.invariant,
        message=found.violation.message,
        scenario=found.scenario.name,
        faults=sum(move.faults for move in moves),
        moves=tuple(story.line(move) for move in moves),
        case=None if written is None else f"{written.file}::{written.case}",
        reproduced=None if written is None else written.reproduced,
    )


def document(told: Exploration) -> dict[str, Any]:
    """Return an exploration as data."""
    data = told.model_dump(mode="json")
    return {"schema": data.pop("schema_"), **data}
