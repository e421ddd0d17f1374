"""Export: a path written down as a case, so that `planner eval run` takes it again. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from evals import writing
from evals.answers import FOREVER, ServiceAnswer
from evals.explore.points import Cancel, Crash
from evals.explore.prospects import CANCEL, Given
from evals.explore.state import START
from evals.explore.walk import Taken, Walk
from evals.history import NEVER_SENT, Sent
from planner.definition import canonical
from planner.runs import PersonQuestion

_FAULTS: Mapping[str, dict[str, Any]] = {
    "rejected": {"fault": "refuse"},
    "unavailable": {"fault": "unavailable"},
    "timeout": {"fault": "timeout", "applied": False},
    "timeout, applied": {"fault": "timeout", "applied": True},
}
_MODEL: Mapping[str, str] = {
    "unavailable": "unavailable",
    "timeout": "timeout",
    "invalid": "rubbish",
    "refused": "refused",
}
_UNSURE, _SURE = 0.01, 1.0
_NOT_FOUND = 404


def case(walk: Walk, *, name: str, title: str, expect: Mapping[str, Any]) -> dict[str, Any]:
    """Return a path as a case.

    Args:
        walk: the path.
        name: the id of the case.
        title: what it shows.
        expect: what must be true of it.
    """
    told: dict[str, Any] = {
        "id": writing.slug(name),
        "title": title,
        "source": {"kind": "explored", "ref": walk.scenario.name},
        "input": walk.scenario.input,
        "model": _model(walk.taken),
        "services": _services(walk.state.calls, _spare(walk)),
        "person": _persons(walk),
        "events": _events(walk),
        "crashes": [_crash(crash) for crash in walk.crashes if isinstance(crash, Crash)],
        "cancel": _cancel(walk),
        "expect": dict(expect),
    }
    return {field: value for field, value in told.items() if value or field in {"input", "expect"}}


def _model(taken: Sequence[Taken]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for each in taken:
        if each.move.kind == "ask":
            name = each.move.option
            sure = _UNSURE if name == "unsure" else _SURE
            chosen = {"choose": each.option.value.choice, "confidence": sure}
            answer = {"fault": _MODEL[name]} if name in _MODEL else chosen
            found.setdefault(each.move.label, []).append(answer)
    return found


def _spare(walk: Walk) -> dict[str, list[Any]]:
    """Return right answers to calls that were not made; in production, branches side by side go on."""
    return {
        name: [
            each.model_dump(mode="json", by_alias=True, exclude_unset=True) | {"times": FOREVER}
            for each in answers
        ]
        for name, answers in walk.scenario.answers.items()
    }


def _told(answer: ServiceAnswer) -> dict[str, Any]:
    return answer.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _services(calls: Sequence[Sent], spare: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    made = [call for call in calls if call.told != NEVER_SENT]
    for call in made:
        like = {canonical(other.arguments) for other in made if other.operation == call.operation}
        when = {"when": {"equals": dict(call.arguments)}} if len(like) > 1 else {}
        found.setdefault(call.operation, []).append(when | _answer(call))
    for call in made:
        if "." in call.path and call.is_forward and call.outcome != "applied_bad":
            again = {"when": {"equals": dict(call.arguments)}, "return": call.output, "times": FOREVER}
            found[call.operation].append(again)
    beside = {call.operation for call in made if "." in call.path}
    for name, answers in spare.items():
        if name in beside or name not in found:
            found[name] = found.get(name, []) + answers
    return found


def _answer(call: Sent) -> dict[str, Any]:
    if call.told in _FAULTS:
        return _FAULTS[call.told]
    if call.outcome == "rejected":
        return {"status": _NOT_FOUND}
    wrong = {"check": False} if call.outcome == "applied_bad" else {}
    return {"return": call.output, **wrong}


def _persons(walk: Walk) -> dict[str, list[Any]]:
    """Return what persons answer, question by question; who answers in the same moment does so in order."""
    found: dict[str, list[Any]] = {}
    given: dict[str, Any] = {}
    for place, each in enumerate(walk.taken):
        value = each.option.value
        if each.move.kind == "person" and isinstance(value, Given):
            answer = walk.state.answers.get(value.question.decision_id)
            told = None if answer is None else answer.value
            given[value.question.decision_id] = _given(value, place, told)
    for question in walk.state.questions.values():
        found.setdefault(question.path, []).append(given.get(question.decision_id, "never"))
    return found


def _given(value: Given, place: int, told: Any) -> dict[str, Any]:
    question: PersonQuestion = value.question
    after = (value.at - question.asked_at) + timedelta(milliseconds=place + 1)
    answer = {"choose": value.choice, "after": f"PT{after.total_seconds():.3f}S"}
    return answer if told is None else {**answer, "value": told}


def _events(walk: Walk) -> list[dict[str, Any]]:
    """Return what came from outside, and whether a step took it."""
    entries = [unit.entry.entry for unit in walk.state.units]
    taken = {entry.body["event_id"] for entry in entries if entry.kind == "event"}
    return [
        {
            "type": each.event.type,
            "id": each.id,
            "after": f"PT{(each.received_at - START).total_seconds():.3f}S",
            "data": each.event.data,
            **({} if each.id in taken else {"taken": False}),
        }
        for each in walk.state.events
    ]


def _cancel(walk: Walk) -> dict[str, Any]:
    """Return the entry after which a person cancels the run; a run that waits does so after its last one."""
    made = next((each for each in walk.crashes if isinstance(each, Cancel)), None)
    if made is not None:
        return _moment(made)
    waits = next((each.at for each in walk.taken if each.option == CANCEL), None)
    if waits is None:
        return {}
    entry = waits.units[-1].entry.entry
    return _moment(Cancel(entry.kind, entry.path, entry.visit, entry.attempt))


def _moment(at: Cancel) -> dict[str, Any]:
    numbers = {name: value for name, value in (("visit", at.visit), ("attempt", at.attempt)) if value != 1}
    return {"entry": at.kind, "step": at.path, **numbers}


def _crash(crash: Crash) -> dict[str, Any]:
    told: tuple[tuple[str, Any], ...] = (
        ("entry", crash.kind),
        ("step", crash.path),
        ("visit", crash.visit),
        ("attempt", crash.attempt),
        ("lost", crash.lost),
    )
    return {name: value for name, value in told if name in {"entry", "step", "lost"} or value != 1}
