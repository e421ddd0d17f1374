"""Paths: what a run did, laid over the drawing of its workflow. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from graphs.outline import END_ID, SKIPPED, START_ID, Drawing, Edge, Node, State
from graphs.retracing import Move, Trace
from graphs.steps import FAILED, PARKED
from planner.decisions import Decision
from planner.definition import END

_PLACES = re.compile(r"\[\d+\]|~\d+")
_STOPS = frozenset({PARKED, FAILED})


def shown(drawn: Drawing, trace: Trace) -> Drawing:
    """Return the drawing with the path of the run on it."""
    ways = _ways(drawn, trace)
    states = _states(trace)
    visits = Counter(static(move.path) for move in trace.moves if not move.skipped)
    notes = _notes(trace)
    nodes = [
        node.model_copy(
            update={
                "visits": visits[node.id],
                "state": states.get(node.id, "untouched"),
                "notes": tuple(notes.get(node.id, ())),
            }
        )
        for node in drawn.nodes
    ]
    edges = [edge.model_copy(update={"visits": ways[place]}) for place, edge in enumerate(drawn.edges)]
    return drawn.model_copy(
        update={
            "run_id": trace.run.id,
            "status": trace.run.status,
            "nodes": tuple(_reached(nodes, edges)),
            "edges": tuple(edges),
        }
    )


def static(path: str) -> str:
    """Return the path of a step in the definition, without the items and visits of a run."""
    return _PLACES.sub("", path)


def _ways(drawn: Drawing, trace: Trace) -> Counter[int]:
    """Count how often each edge was taken, by its place."""
    by_source: dict[str, list[tuple[int, Edge]]] = {}
    for place, edge in enumerate(drawn.edges):
        by_source.setdefault(edge.source, []).append((place, edge))
    taken: Counter[int] = Counter()
    for move in trace.moves:
        found = _edge(move, by_source.get(static(move.path), []))
        if found is not None:
            taken[found] += 1
    if trace.moves:
        taken.update(place for place, edge in by_source[START_ID])
    return taken


def _edge(move: Move, ways: list[tuple[int, Edge]]) -> int | None:
    """Return the place of the edge that a move went along."""
    if move.to in _STOPS:
        return None
    before = static(move.path).rpartition(".")[0]
    name = END_ID if move.to == END else move.to
    target = f"{before}.{name}" if before else name
    fitting = [(place, edge) for place, edge in ways if edge.target == target]
    wanted = SKIPPED if move.skipped else move.choice
    exact = [place for place, edge in fitting if edge.label == wanted]
    return next(iter([*exact, *(place for place, _ in fitting)]), None)


def _states(trace: Trace) -> Mapping[str, State]:
    states: dict[str, State] = {}
    for move in trace.moves:
        states[static(move.path)] = _state(move, trace)
    for container in {static(move.path).rpartition(".")[0] for move in trace.moves} - states.keys() - {""}:
        states[container] = "done"
    for effect in trace.effects:
        if effect.undoes is not None and effect.state == "applied":
            states[static(effect.undoes)] = "undone"
    return states


def _state(move: Move, trace: Trace) -> State:
    if move.skipped:
        return "skipped"
    if move.path in trace.waiting:
        return "current"
    if move.to not in _STOPS:
        return "done"
    if not trace.run.ended:
        return "current"
    return "failed" if trace.failed is not None and _around(move.path, trace.failed) else "stopped"


def _around(path: str, failed: str) -> bool:
    """Tell whether a step is the one that failed, or holds it."""
    return failed == path or failed.startswith((f"{path}.", f"{path}[", f"{path}~"))


def _notes(trace: Trace) -> dict[str, list[str]]:
    notes: dict[str, list[str]] = {}
    for decision in trace.decisions:
        if decision.path:
            notes.setdefault(static(decision.path.rpartition(":")[2]), []).append(_note(decision))
    for effect in trace.effects:
        if effect.undoes is not None and effect.state == "applied":
            notes.setdefault(static(effect.undoes), []).append(f"taken back by {effect.operation}")
    return notes


def _note(decision: Decision) -> str:
    what = {"choose": "chose", "recover": "recovery", "undo": "undo", "route": "route"}[decision.kind]
    who = {"only_option": "the only option left", "otherwise": "as declared otherwise"}.get(
        decision.decided_by, f"by {decision.decided_by}"
    )
    sure = f", {decision.confidence.value:.0%} sure" if decision.confidence else ""
    return f"{what}: {decision.choice}, {who}{sure}"


def _reached(nodes: list[Node], edges: list[Edge]) -> Iterator[Node]:
    """Yield the nodes, those at which sequences begin and end being done where the run came to them."""
    targets = {edge.target for edge in edges if edge.visits}
    sources = {edge.source for edge in edges if edge.visits}
    for node in nodes:
        is_done = (node.kind == "end" and node.id in targets) or (node.kind == "start" and node.id in sources)
        yield node.model_copy(update={"state": "done", "visits": 1}) if is_done else node
