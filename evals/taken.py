"""What cases took: coverage of each workflow by the results of its cases. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from evals.coverage import Coverage, Declared, asks_model, called, is_gated, share
from evals.explore import alphabet
from evals.scripts import declared
from graphs import blocks, drawing
from graphs.outline import END_ID, START_ID, Drawing, Edge
from planner.decisions import asked_model
from planner.definition import END, AnyStep, Decide, Workflow
from tools.operations import EffectClass
from tools.outcomes import OutcomeClass

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
    yield f"{told.name} {told.version}, {told.cases} cases: {covered.counts}, {covered.pairs} pairs"
    yield from (f"  {line}" for line in covered.missing())
    if covered.unreachable:
        yield f"  never offered: {'; '.join(covered.unreachable)}"


def _taken(
    origin: Mapping[str, Any],
    origins: Mapping[str, Any],
    effects: Mapping[str, EffectClass],
    cases: Sequence[Case],
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
        outcomes=share(set(_possible(told, effects, cases)), set(_answers(cases))),
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


def _possible(told: Declared, effects: Mapping[str, EffectClass], cases: Sequence[Case]) -> Iterator[str]:
    """Yield all that the definition lets happen, and what was offered where cases were asked."""
    for operation in {name for place in told.places() for name in called(place.node.step)} & effects.keys():
        words = alphabet.callable_words(effects[operation])
        yield from (f"call {operation}: {word}" for word in words)
    for path, node in told.places():
        yield from _sayable(path, node.step)
    for made in (made for case in cases for made in case["decisions"]):
        offered = [option["id"] for option in made["options"] if option["available"]]
        if _asked(made) == "ask":
            yield from (f"ask {declared(made['path'])}: {name}" for name in offered)
        elif _asked(made) == "person":
            yield from (_person(alphabet.answered(declared(made["path"]), name)) for name in offered)


def _sayable(path: str, step: AnyStep) -> Iterator[str]:
    options = step.options if isinstance(step, Decide) else ()
    if asks_model(step):
        words = alphabet.sayable_words(options, is_gated=is_gated(step))
        yield from (f"ask {path}: {word}" for word in words)
    elif isinstance(step, Decide) and step.by == "person":
        yield from (_person(alphabet.answered(path, name)) for name in options)
        if step.within is not None:
            yield _person(alphabet.unanswered(path))


def _person(words: str) -> str:
    return f"person {alphabet.WAITING}: {words}"


def _asked(made: Mapping[str, Any]) -> str:
    """Return who was asked for a decision: `ask`, `person`, or empty where nobody was."""
    if made["overrides"] is not None:
        return ""
    if asked_model(made["deadline_ms"], made["outcome_class"], made["attempts"]):
        return "ask"
    return "person" if made["decided_by"] == "person" or made["outcome_class"] == "timeout" else ""


def _answers(cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        yield from (_call(call["operation"], call["outcome"], call["applied"]) for call in case["calls"])
        yield from (_answer(made) for made in case["decisions"] if _asked(made))


def _call(operation: str, outcome: OutcomeClass, is_applied: bool) -> str:  # noqa: FBT001 - as a call tells it
    return f"call {operation}: {alphabet.called(outcome, is_applied=is_applied)}"


def _answer(made: Mapping[str, Any]) -> str:
    path = declared(made["path"])
    if _asked(made) == "ask":
        return f"ask {path}: {alphabet.said(made['outcome_class'], made['choice'])}"
    is_late = made["outcome_class"] == "timeout"
    return _person(alphabet.unanswered(path) if is_late else alphabet.answered(path, made["choice"]))


def _answered(case: Case) -> list[str]:
    """Return what was answered in a case, in the order of its journal."""
    made = {each["decision_id"]: each for each in case["decisions"] if _asked(each)}
    doubtful = [call for call in case["calls"] if call["outcome"] == "unknown"]
    found = []
    for entry in case.get("entries", ()):
        body = entry["body"]
        if entry["kind"] == "outcome" and body.get("code") != "crash":
            own = (call for call in doubtful if call["operation"] == body["operation"])
            call = next(own, None) if body["outcome"] == "unknown" else None
            if call is not None:
                doubtful.remove(call)
            found.append(_call(body["operation"], body["outcome"], call is not None and call["applied"]))
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
