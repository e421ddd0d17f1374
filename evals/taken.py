"""What cases took: coverage of each workflow by the results of its cases. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from evals.coverage import Coverage, Declared, operations, share
from evals.scripts import declared
from graphs import blocks, drawing
from graphs.outline import END_ID, START_ID, Drawing, Edge
from planner.definition import END, Decide, Workflow

_OUTCOMES = {
    "applied": "ok",
    "applied_bad": "wrong answer",
    "rejected": "rejected",
    "not_sent": "unavailable",
    "unknown": "timeout",
}
"""Words of the explorer for what became of a call."""
_LOST = "timeout, applied"
_FAULTS = ("unavailable", "timeout", "invalid", "refused")

Case = Mapping[str, Any]


class Taken(NamedTuple):
    """What all cases of one workflow came past."""

    name: str
    version: str
    cases: int
    coverage: Coverage
    drawing: Drawing
    """The workflow, each step with the number of cases that came past it."""


def taken(documents: Sequence[Mapping[str, Any]]) -> list[Taken]:
    """Return what the cases of these results took, by workflow and definition."""
    origins = {each["sha256"]: each for told in documents for each in told["provenance"]["workflows"]}
    effects = {name: kind for told in documents for name, kind in told["provenance"]["effects"].items()}
    cases: dict[str, list[Case]] = {}
    for document in documents:
        for case in document["cases"]:
            suite = document["provenance"]["suites"][case["suite"]]
            cases.setdefault(suite["workflows"][case["workflow"]], []).append(case)
    return [_taken(origins[sha256], origins, effects, found) for sha256, found in cases.items()]


def lines(told: Taken) -> Iterator[str]:
    """Yield what the cases of a workflow took, as people read it."""
    covered = told.coverage
    shares = {
        "steps": covered.steps,
        "edges": covered.edges,
        "options": covered.options,
        "outcomes": covered.outcomes,
    }
    counts = ", ".join(f"{each.covered} of {each.total} {name}" for name, each in shares.items())
    yield f"{told.name} {told.version}, {told.cases} cases: {counts}, {covered.pairs} pairs"
    for name, each in shares.items():
        if each.missing:
            yield f"  no {name[:-1]}: {'; '.join(each.missing)}"
    if covered.unreachable:
        yield f"  never offered: {'; '.join(covered.unreachable)}"


def _taken(
    origin: Mapping[str, Any], origins: Mapping[str, Any], effects: Mapping[str, str], cases: Sequence[Case]
) -> Taken:
    workflow = Workflow.model_validate(origin["definition"])
    nested = {
        name: Workflow.model_validate(origins[sha256]["definition"])
        for name, sha256 in origin["pinned"].items()
    }
    programs = {name: blocks.program(each) for name, each in nested.items()}
    told = Declared(blocks.program(workflow).body, programs)
    decisions = [made for case in cases for made in case["decisions"]]
    offered = {
        _named(made, each["id"]) for made in decisions for each in made["options"] if each["available"]
    }
    options = told.options()
    covered = Coverage(
        steps=share({path for path, _ in told.places()}, _entered(cases)),
        edges=share(told.edges(), set(_edges(told, cases))),
        options=share(options, {_named(made, made["choice"]) for made in decisions}),
        unreachable=tuple(sorted(options - offered)),
        outcomes=share(set(_possible(told, [workflow, *nested.values()], effects)), set(_answers(cases))),
        pairs=len({pair for case in cases for pair in pairwise(_answered(case))}),
    )
    return Taken(origin["name"], origin["version"], len(cases), covered, _drawn(workflow, cases))


def _entered(cases: Sequence[Case]) -> set[str]:
    return {declared(path) for case in cases for path in case["path"]}


def _edges(told: Declared, cases: Sequence[Case]) -> Iterator[str]:
    lasts = told.lasts()
    for path, target in {(declared(path), to) for case in cases for path, to in case.get("ways", ())}:
        if path in lasts:
            yield f"{lasts[path]} -> {target}"


def _named(made: Mapping[str, Any], option: str) -> str:
    return f"{declared(made['path'])}: {option}"


def _possible(told: Declared, workflows: Sequence[Workflow], effects: Mapping[str, str]) -> Iterator[str]:
    for operation in {name for each in workflows for name in operations(each)} & effects.keys():
        yield from (f"call {operation}: {name}" for name in _OUTCOMES.values())
        if effects[operation] != "read":
            yield f"call {operation}: {_LOST}"
    for path, node in told.places():
        if isinstance(node.step, Decide) and node.step.by != "rule":
            kind = "person" if node.step.by == "person" else "ask"
            names = [*node.step.options, *(_FAULTS if kind == "ask" else ())]
            yield from (f"{kind} {path}: {name}" for name in names)


def _answers(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        for call in case["calls"]:
            is_lost = call["outcome"] == "unknown" and call["applied"]
            yield f"call {call['operation']}: {_LOST if is_lost else _OUTCOMES[call['outcome']]}"
        for made in case["decisions"]:
            yield _answer(made)


def _answer(made: Mapping[str, Any]) -> str:
    kind = "person" if made["decided_by"] == "person" else "ask"
    name = made["choice"] if made["outcome_class"] == "ok" else made["outcome_class"]
    return f"{kind} {declared(made['path'])}: {name}"


def _answered(case: Case) -> list[str]:
    """Return what was answered in a case, in the order of its journal."""
    made = {each["decision_id"]: each for each in case["decisions"]}
    found = []
    for entry in case.get("entries", ()):
        body = entry["body"]
        if entry["kind"] == "outcome":
            found.append(f"call {body['operation']}: {_OUTCOMES[body['outcome']]}")
        elif entry["kind"] == "decision" and body["decision_id"] in made:
            found.append(_answer(made[body["decision_id"]]))
    return found


def _drawn(workflow: Workflow, cases: Sequence[Case]) -> Drawing:
    drawn = drawing.draw(workflow)
    entered = Counter(path for case in cases for path in _entered([case]))
    gone = Counter(place for case in cases for place in set(_ways(drawn, case)))
    edges = [edge.model_copy(update={"visits": gone[place]}) for place, edge in enumerate(drawn.edges)]
    for edge in edges:
        if edge.visits:
            entered.update(name for name in {edge.source, edge.target} if name.endswith((START_ID, END_ID)))
    nodes = []
    for node in drawn.nodes:
        count = entered[node.id] or sum(1 for path in entered if path.startswith(f"{node.id}."))
        is_end = node.kind in {"start", "end"}
        note = f"in {entered[node.id]} of {len(cases)} cases" if entered[node.id] else "not covered"
        notes = () if is_end or node.kind == "branch" else (note,)
        nodes.append(node.model_copy(update={"state": "done" if count else "untouched", "notes": notes}))
    return drawn.model_copy(update={"nodes": tuple(nodes), "edges": tuple(edges)})


def _ways(drawn: Drawing, case: Case) -> Iterator[int]:
    """Yield the places of the edges that a case went along."""
    choices = {(declared(made["path"]), made["choice"]) for made in case["decisions"]}
    if case["path"]:
        yield from (place for place, edge in enumerate(drawn.edges) if edge.source == START_ID)
    for path, to in case.get("ways", ()):
        at = declared(path)
        prefix = at.rpartition(".")[0]
        name = END_ID if to == END else to
        target = f"{prefix}.{name}" if prefix else name
        fitting = [(n, edge) for n, edge in enumerate(drawn.edges) if _is(edge, at, target)]
        exact = [n for n, edge in fitting if (at, edge.label) in choices]
        yield from exact or [n for n, _ in fitting[:1]]


def _is(edge: Edge, source: str, target: str) -> bool:
    return (edge.source, edge.target) == (source, target)
