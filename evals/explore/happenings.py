"""Happenings: events that a run waits for, made up so that they fit, and when they come. Pure."""

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from evals.errors import EvalError
from evals.explore.points import Option
from evals.history import Spot
from graphs.context import Frame
from graphs.receiving import EVENT
from planner.events import Event, KeptEvent
from planner.journal import Entry
from tools import equations, expressions
from tools.errors import ExpressionError

SOURCE = "/explorer"
LATE = timedelta(minutes=1)
"""How long after its deadline an event comes too late."""
EARLY = (Option("has not come yet"), Option("came before"))

_PATH = re.compile(r"event((?:\.[A-Za-z_]\w*)+)\s*")
_READ = r"\b{name}\.data((?:\.[A-Za-z_]\w*(?!\w|\())+)"


class NoEvent(EvalError):
    """No event could be made up that a step takes."""

    code = "no-event"

    def __init__(self, path: str, type_: str, why: str) -> None:
        super().__init__(f"no event {type_!r} for {path} is known: {why}; write one in a case's `events`")


class Coming(NamedTuple):
    """An event that comes, or does not."""

    spot: Spot
    at: datetime
    times: int = 1
    """How often it comes, each time under an id of its own."""


class Awaited(NamedTuple):
    """A step that waits for an event."""

    spot: Spot
    type: str
    due: datetime | None


def awaited(entries: Sequence[Entry]) -> list[Awaited]:
    """Return what is waited for, from the journal."""
    came = {(entry.path, entry.visit) for entry in entries if entry.kind == "event"}
    is_over = any(entry.kind == "ending" for entry in entries)
    return [
        Awaited((entry.path, entry.visit), entry.body["type"], _moment(entry.body.get("due")))
        for entry in entries
        if entry.kind == "awaited" and (entry.path, entry.visit) not in came and not is_over
    ]


def made(path: str, type_: str, frame: Frame, known: Sequence[Event], *, text: str) -> Event:
    """Return an event that a step takes.

    Args:
        path: the step.
        type_: what it waits for.
        frame: the values that its condition reads.
        known: events of cases; the first that fits, or is made to fit, is taken.
        text: the workflows, in which it is looked up what is read of the event.

    Raises:
        NoEvent: none fits, or nobody tells what it holds that the workflow reads.
    """
    name = path.rpartition(".")[2].partition("[")[0]
    guard = frame.sequence.nodes[name].guards.get("when")
    wanted = {} if guard is None else dict(_wanted(guard, frame))
    samples = [each for each in known if each.type == type_] or [
        Event(id="made-up", source=SOURCE, type=type_, data={})
    ]
    for sample in samples:
        event = _with(sample, wanted)
        if guard is not None and not _holds(guard, event, frame):
            continue
        read = set(re.findall(_READ.format(name=re.escape(name)), text))
        lacking = sorted(read - set(_paths(event.data)))
        if lacking:
            raise NoEvent(path, type_, f"nobody tells what data{lacking[0]} is, which is read")
        return event
    raise NoEvent(path, type_, f"none was found for which {guard.source if guard else 'it'!r} holds")


def kept(event: Event, number: int, at: datetime) -> KeptEvent:
    """Return an event as the store keeps it; each has an id of its own."""
    name = f"event-{number}"
    return KeptEvent(id=name, event=event.model_copy(update={"id": name}), received_at=at)


def prospects(open_: Sequence[Awaited], wake_at: datetime | None, now: datetime) -> list[Option]:
    """Return how what is waited for may come, at once, twice, too late or never."""
    found = [Option(f"{_told(each)} comes", value=Coming(each.spot, now)) for each in open_]
    for each in open_:
        found.append(Option(f"{_told(each)} comes twice", 1, Coming(each.spot, now, 2)))
        if each.due is None and wake_at is None:
            found.append(Option(f"{_told(each)} never comes", 1))
        elif each.due is not None and each.due == wake_at:
            found.append(Option(f"{_told(each)} does not come in time", 1, wake_at))
            found.append(Option(f"{_told(each)} comes too late", 1, Coming(each.spot, wake_at + LATE)))
    return found


def _told(each: Awaited) -> str:
    return f"{each.type} for {each.spot[0]}"


def _moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)


def _wanted(guard: expressions.Expression, frame: Frame) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield what an event must hold by the equalities of a condition."""
    for part in equations.joined(guard.source):
        equation = equations.find(expressions.expression(part), EVENT)
        where = None if equation is None else _PATH.fullmatch(equation.outside.source.strip())
        if equation is not None and where is not None:
            try:
                yield tuple(where[1].split(".")[1:]), equation.inside.evaluate(frame)
            except ExpressionError:
                continue


def _with(sample: Event, wanted: Mapping[tuple[str, ...], Any]) -> Event:
    told = deepcopy(sample.model_dump())
    for path, value in wanted.items():
        place = told
        for part in path[:-1]:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[path[-1]] = value
    return Event.model_validate(told)


def _holds(guard: expressions.Expression, event: Event, frame: Frame) -> bool:
    try:
        return guard.evaluate(ChainMap({EVENT: event.told()}, frame)) is True  # type: ignore[arg-type]
    except ExpressionError:
        return False


def _paths(data: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield f"{prefix}.{name}"
            yield from _paths(value, f"{prefix}.{name}")
