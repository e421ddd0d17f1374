"""Fingerprints: states with equal ones go on in equal ways, so that each is explored once.

What counts is what the engine can still read: the values of live sequences, the journal of steps on their
way, what stands of the effects, and what the services' books show. How a finished step came to its value
does not.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from evals import history, invariants
from evals.explore import happenings, replayed, standing
from evals.explore.play import Play
from evals.explore.points import Point
from evals.explore.replayed import base
from evals.explore.standing import Open
from evals.explore.state import State, Unit
from evals.explore.subject import Subject
from graphs.context import Context, Frame, around
from graphs.runner import Ended
from planner.effects import RECONCILE, UNDO
from planner.journal import Entry
from planner.runs import PersonQuestion

_MINUTE = 60


def fingerprint(play: Play, point: Point) -> bytes:
    """Return what tells a state apart from others at its point."""
    return digest(told(play, point))


def told(play: Play, point: Point) -> Any:
    """Return what counts of a state."""
    ctx = play.ctx
    if ctx is None:
        raise RuntimeError("a path has a fingerprint once it was moved")
    found = standing.open_effects(ctx)
    live = [] if ctx.ending else _live(play, ctx)
    counts = _taken_back(found) if ctx.ending else _on_their_way(live, play.frames)
    entries = [entry for _, entry in ctx.recorded.numbered if entry.path and counts(entry.path)]
    asked = (each for each in play.state.questions.values() if counts(each.path) and _is_open(ctx, each))
    return [
        [point.kind, point.label, [option[:2] for option in point.options]],
        standing.told(found, play.subject.undoing, play.state.calls),
        world(play, point.kind, _over(play, ctx, found)),
        _lost(play.state, counts if ctx.ending else None),
        None
        if ctx.ending
        else [
            _spent(play, ctx),
            _to_be_told(play, ctx, entries),
            play.state.turn,
            play.state.cancelled is None,
        ],
        _journal(entries, {frame.prefix for frame in play.frames}),
        [_question(play, each) for each in asked],
        *(_backward(play, ctx, point, found) if ctx.ending else _forward(play, ctx, point, live)),
    ]


def world(
    play: Play, kind: str = "", is_over: Callable[[history.Effect], bool] = lambda _effect: False
) -> Any:
    """Return what the services' books show, what persons know, and which faults go on.

    At a point of a kind, its options tell already which fault of this kind goes on; when a run waits, time
    passes before it is taken up, and outages are over.
    What was taken back is out of sight, unless an invariant of the workflow looks at it; only that nothing
    older than it stands is of interest.
    """
    state = play.state
    shown = history.books(state.calls, state.by_hand)
    if not play.subject.sees("effects"):
        undone = [place for place, each in enumerate(shown) if each.undone]
        shown = [each for place, each in enumerate(shown) if not each.undone or place < undone[0]]
        shown = [each for each in shown if not each.undone]
        newest = max((place for place, each in enumerate(shown) if not each.undone), default=0)
        order = [bool(undone) and newest > undone[0]]
    else:
        order = []
    seen = play.subject.sees("decisions")
    made = [[each["path"], each["choice"]] for each in state.decisions] if seen else []
    return [
        [[each.operation, each.path, each.visit] if is_over(each) else list(each) for each in shown],
        order,
        sorted(each for each in state.lasting if kind != "person" and not each.startswith(f"{kind}|")),
        made,
    ]


def end(play: Play, ended: Ended) -> bytes:
    """Return what tells the end of a run apart from others."""
    sees = play.subject.sees("effects")
    return digest(
        [ended.status, ended.output, world(play, is_over=lambda _effect: not sees), play.scenario.name]
    )


def _over(play: Play, ctx: Context, found: Open) -> Callable[[history.Effect], bool]:
    """Return what tells whether nobody can look an effect up, repeat it or ask about it any more."""
    subject = play.subject
    if subject.sees("effects"):
        return lambda _effect: False
    if ctx.ending:
        named = found.in_question | subject.backward
        return lambda effect: effect.operation not in named
    named = found.in_question | subject.backward | subject.repeated
    entries = (unit.entry.entry for unit in play.state.units[: play.state.durable])
    done = {(each.path, each.visit) for each in entries if each.body.get("outcome") == "applied"}
    return lambda effect: effect.operation not in named and (effect.path, effect.visit) in done


def digest(value: Any) -> bytes:
    """Return few bytes that are equal for equal values, and differ for others."""
    return hashlib.blake2b(written(value), digest_size=16).digest()


def written(value: Any) -> bytes:
    """Return JSON bytes that are equal for equal values."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)


def _journal(entries: Sequence[Entry], entered: set[str]) -> Any:
    """Return entries; of a step that is done, in a branch that was not come to yet, only its value."""
    done = {
        (base(entry.path), entry.visit): entry.body.get("output")
        for entry in entries
        if entry.kind in {"outcome", "settled"}
        and entry.body["outcome"] == "applied"
        and ":" not in entry.path
        and around(entry.path) not in entered
    }
    left = [entry for entry in entries if (base(entry.path), entry.visit) not in done]
    return [replayed.told(left), sorted([*spot, written(value).decode()] for spot, value in done.items())]


def _taken_back(found: Open) -> Callable[[str], bool]:
    """Return what tells whether an entry is about an effect that is still to be taken back."""
    in_doubt = {effect.path for effect in found.in_doubt}
    applied = {effect.undo_path for part in (found.undoable, found.left) for effect in part}

    def counts(path: str) -> bool:
        if path.startswith(f"{UNDO}{RECONCILE}"):
            return base(path) in in_doubt
        return path.removeprefix(RECONCILE) in applied

    return counts


def _on_their_way(live: "list[_Live]", frames: Sequence[Frame]) -> Callable[[str], bool]:
    """Return what tells whether an entry is about a step that is not done.

    After the run was taken up, branches that this execution has not come to yet stand in the journal alone.
    """
    paths = {each.path for each in live if each.path is not None}
    entered = {frame.prefix for frame in frames}

    def counts(path: str) -> bool:
        step = base(path)
        if step in paths:
            return True
        return around(step) not in entered and any(_is_below(step, each) for each in paths)

    return counts


def _is_open(ctx: Context, question: PersonQuestion) -> bool:
    return ctx.find("decision", question.path, question.visit, question.attempt) is None


def _spent(play: Play, ctx: Context) -> Any:
    """Return what is used up of the run's budget; short pauses are not held against its time."""
    budget, spent = ctx.budget, ctx.spent
    most = math.inf if budget.model_calls is None else budget.model_calls
    return [
        None if most >= play.subject.questions else min(spent.model_calls, most),
        None if budget.tokens is None else min(spent.tokens, budget.tokens),
        None if budget.cost_usd is None else str(spent.cost_usd),
        None if budget.duration is None else round(play.state.parked_seconds / _MINUTE),
    ]


def _to_be_told(play: Play, ctx: Context, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what a model would be told of calls that did not go through: it is paid for by its length."""
    if ctx.budget.tokens is None:
        return {}
    latest = {entry.path: entry for entry in entries if entry.kind == "outcome"}
    return {
        path: [entry.body.get("status"), entry.body.get("error")]
        for path, entry in latest.items()
        if entry.body["outcome"] != "applied" and play.subject.asks_model(base(path))
    }


def _forward(play: Play, ctx: Context, point: Point, live: "list[_Live]") -> Iterator[Any]:
    yield [_frame(each.frame, play.ways.get(each.place), play.subject) for each in live]
    yield None if ctx.failure is None else [ctx.failure.path, ctx.failure.undo]
    is_taken_up = point.kind == "person"
    yield [not is_taken_up and each.path is not None and ctx.is_frontier(each.path) for each in live]
    yield _events(play, ctx)


def _events(play: Play, ctx: Context) -> Any:
    """Return events that nobody took yet, and what is waited for, with the minutes that are left of it."""
    state = play.state
    if not state.expected:
        return None
    left = [each for each in state.events if each.id not in ctx.taken]
    open_ = happenings.awaited([unit.entry.entry for unit in state.units])
    return [
        [[each.event.type, each.event.data, _minutes(state.now, each.received_at)] for each in left],
        [[each.spot, each.spot in state.expected, _minutes(state.now, each.due)] for each in open_],
    ]


def _minutes(now: datetime, moment: datetime | None) -> int | None:
    return None if moment is None else round((moment - now).total_seconds() / _MINUTE)


def _backward(play: Play, ctx: Context, point: Point, found: Open) -> Iterator[Any]:
    ending = ctx.find("ending", "", 1) or {}
    yield point.kind != "person" and play.subject.undoes_undo and ctx.is_frontier("")
    yield play.state.values if play.subject.sees("state") else None
    yield [ending.get("status"), ending.get("undo")]
    yield bool(found.left or found.in_doubt) and invariants.was_chosen(play.history())


class _Live(NamedTuple):
    """A sequence that is not over."""

    place: int
    frame: Frame
    path: str | None
    """The step that it is at; None once it has come to its end and waits for others."""


def _live(play: Play, ctx: Context) -> list[_Live]:
    found: list[_Live] = []
    begun = list(enumerate(play.frames))
    if play.turns is not None:
        begun.sort(key=lambda each: each[1].prefix)
    for place, frame in begun:
        outer = next((each for each in found if each.path and _is_below(frame.prefix, each.path)), None)
        if place and outer is None:
            continue
        own = (path for path in reversed(ctx.trail) if _is_direct(path, frame.prefix))
        found.append(_Live(place, frame, None if play.ways.get(place) == "end" else next(own, None)))
    return found


def _is_below(prefix: str, path: str) -> bool:
    return prefix.startswith(path) and prefix[len(path) :][:1] in {".", "[", "~"}


def _is_direct(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and "." not in path[len(prefix) :]


def _frame(frame: Frame, way: str | None, subject: Subject) -> Any:
    is_seen = subject.sees("state")
    values = {name: value for name, value in frame.own.items() if name != "run"}
    values = values if is_seen else subject.reads.left(frame)
    loops = {
        name: count for name, count in frame.arrivals.items() if count > 1 or frame.visits.get(name) != count
    }
    return [frame.prefix, values, loops, dict(frame.visits) if loops else None, way]


def _lost(state: State, counts: Callable[[str], bool] | None) -> Any:
    """Return what may be lost with the process, and what its steps would go on from."""
    kept, lost = ([each.entry.entry for each in part] for part in _cut(state))
    spots = {(base(each.path), each.visit) for each in lost}
    before = (each for each in kept if (base(each.path), each.visit) in spots)
    return [
        [[each.kind, each.path, each.visit] for each in lost],
        replayed.told([each for each in before if counts is None or counts(each.path)]),
    ]


def _cut(state: State) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
    return state.units[: state.durable], state.units[state.durable :]


def _question(play: Play, question: PersonQuestion) -> Any:
    left = None if question.deadline is None else (question.deadline - play.state.now).total_seconds()
    return [
        question.path,
        question.visit,
        [option.id for option in question.options if option.available],
        None if left is None else round(left / _MINUTE),
        None if question.answer is None else question.answer.choice,
    ]
