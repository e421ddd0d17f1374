"""Routing: from a goal to a registered workflow, and from the goal's words to its input."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from planner import choosing, search
from planner.decisions import Answer, Brief, Decider, Decision, Filled, Offered, Question
from planner.definition import Workflow
from planner.model import forms
from tools import schemas
from tools.problems import Problem

POINT = "goal/route"
QUESTION = "Which of these workflows does what the goal asks for?"
MOST_OFFERED = 20
MOST_LISTED = 100
_SHARED = ("$schema", "$defs", "definitions")


class Routed(NamedTuple):
    """Which workflow a goal leads to."""

    decision: Decision
    workflow: Workflow | None
    """None when none of them fits, or nobody could say."""
    candidates: list[dict[str, Any]]
    """The workflows, best match first, and what each needs; for a caller who must name one."""


class FilledInput(NamedTuple):
    """A run's input, as far as the caller and the goal tell it."""

    input: dict[str, Any]
    problems: list[Problem]
    """What is missing or wrong, by field."""
    filled: Filled
    """What came of asking the model."""


async def route(
    goal: str,
    workflows: Sequence[Workflow],
    decider: Decider,
    where: choosing.Where,
    *,
    now: datetime,
    closed: Mapping[str, str] = MappingProxyType({}),
    point: str = POINT,
) -> Routed:
    """Return the workflow that the decider chose for the goal, with `none` always among the options.

    Those in `closed` are excluded for the reason that stands there under their name; `point` says in the log
    what is routed.
    """
    ranked = _ranked(goal, workflows)
    ranked.sort(key=lambda found: found[0].workflow in closed)
    none = none_option(workflows)
    question = Question(
        kind="route", point=point, question=QUESTION, goal=goal, options=_options(ranked, none, closed)
    )
    began = time.perf_counter()
    answer: Answer | None = None
    if choosing.preset(question, otherwise=none, by="model") is None:
        answer = await decider.choose(question)
    decision = choosing.conclude(
        question,
        answer,
        where,
        ts=now,
        duration_ms=(time.perf_counter() - began) * 1000,
        by="model",
        otherwise=none,
    )
    chosen = next((flow for flow, _ in ranked if flow.workflow == decision.choice), None)
    open_ = [(flow, score) for flow, score in ranked if flow.workflow not in closed]
    taken = decision.model_copy(update={"edge_taken": decision.choice if chosen else ""})
    return Routed(taken, chosen, [_candidate(flow, score) for flow, score in open_[:MOST_OFFERED]])


async def fill_input(
    goal: str, workflow: Workflow, given_input: Mapping[str, Any] | None, decider: Decider
) -> FilledInput:
    """Return the input of a run: what the caller gave, and for the rest what the goal tells."""
    given = dict(given_input or {})
    schema = workflow.input
    if given and not schemas.problems(schema, given):
        return FilledInput(given, [], Filled(outcome_class="ok", value={}))
    filled = await decider.fill(Brief(goal, forms.without(schema, given)))
    told = filled.value if isinstance(filled.value, dict) and filled.outcome_class == "ok" else {}
    usable = {name: value for name, value in told.items() if name not in given and _fits(schema, name, value)}
    whole = {**usable, **given}
    return FilledInput(whole, schemas.problems(schema, whole), filled)


def none_option(workflows: Sequence[Workflow]) -> str:
    """Return the id of the option "none of these"; no workflow can bear the longer one."""
    return "none_of_these" if any(flow.workflow == "none" for flow in workflows) else "none"


def _ranked(goal: str, workflows: Sequence[Workflow]) -> list[tuple[Workflow, float]]:
    by_name = {flow.workflow: flow for flow in workflows}
    texts = {name: _text(flow) for name, flow in by_name.items()}
    return [(by_name[found.name], found.score) for found in search.rank(goal, texts)]


def _text(workflow: Workflow) -> str:
    described = [str(item.get("description", "")) for item in _described(workflow)]
    return " ".join([workflow.goal, *workflow.examples, *forms.fields(workflow.input), *described])


def _described(workflow: Workflow) -> list[Mapping[str, Any]]:
    return [item for item in forms.fields(workflow.input).values() if isinstance(item, Mapping)]


def _options(
    ranked: Sequence[tuple[Workflow, float]], none: str, closed: Mapping[str, str]
) -> tuple[Offered, ...]:
    crowded = f"{MOST_OFFERED} others match the goal's words better"
    offered = [
        Offered(id=flow.workflow, means=_means(flow), available=why is None, excluded_by=why)
        for place, (flow, _) in enumerate(ranked[:MOST_LISTED])
        for why in [closed.get(flow.workflow) or (crowded if place >= MOST_OFFERED else None)]
    ]
    return (*offered, Offered(id=none, means="None of these workflows does what the goal asks for."))


def _means(workflow: Workflow) -> str:
    names = list(forms.fields(workflow.input))
    needs = f" Its input: {', '.join(names)}." if names else ""
    return f"{' '.join(workflow.goal.split())[:600]}{needs}"


def _candidate(workflow: Workflow, score: float) -> dict[str, Any]:
    return {
        "workflow": workflow.workflow,
        "version": workflow.version,
        "goal": workflow.goal,
        "score": round(score, 4),
        "required": list(workflow.input.get("required", ())),
    }


def _fits(schema: Mapping[str, Any], name: str, value: Any) -> bool:
    """Tell whether a value that the model read can stand in the field; one that cannot counts as not told."""
    properties = forms.fields(schema)
    if name not in properties:
        return False
    shared = {word: schema[word] for word in _SHARED if word in schema}
    return not schemas.problems({**shared, "properties": {name: properties[name]}}, {name: value})
