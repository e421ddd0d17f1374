"""Repeating: cases played several times, by their scripts or by a real model, and what that tells."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from evals import fitness, live, measures, report, runner, trials
from evals.errors import BudgetSpent, LiveRefused, ScriptUnmatched
from evals.jobs import CaseResult, Job
from evals.live import Asking, Endpoint
from evals.scripts import declared
from evals.trials import Made, Played, Trial, Unplayed
from planner import settings
from planner.log.masking import Masking

_BAD = ("error", "unscripted", "failed")
_OFF: Mapping[str, Literal["unscripted", "spent"]] = {
    ScriptUnmatched.code: "unscripted",
    BudgetSpent.code: "spent",
}
"""What a live trial is whose case broke off with that code."""


class Plan(NamedTuple):
    """How often, in which orders and by whom."""

    repeat: int = 1
    permutes: bool = False
    """Whether each repeat turns the options round by one place."""
    endpoint: Endpoint | None = None
    """Who answers; the script where nobody does."""


class Cap(NamedTuple):
    """What asking a real model may cost in all; both must be told."""

    tokens: int | None
    cost_usd: float | None


class Planned(NamedTuple):
    """What was asked for."""

    repeat: int
    risk: float
    """Share of accepted choices that may be wrong, for thresholds."""
    cap: Cap | None
    """None where scripts answer."""
    permutes: bool = False


class Repeated(NamedTuple):
    """What became of the cases."""

    cases: list[dict[str, Any]]
    """The worst play of each, as reports tell it."""
    counted: list[Mapping[str, Any]]
    """Those that count."""
    seconds: float
    more: dict[str, Any]
    """What was measured, as data."""
    lines: list[str]
    """The same for people."""


def repeated(
    wanted: Sequence[Job],
    planned: Planned,
    *,
    engine: str,
    policy: Masking,
    told: Callable[[Mapping[str, Any]], None],
) -> Repeated:
    """Return what comes of playing every case as often as planned.

    Raises:
        LiveRefused: a real model is to be asked, and none is configured, or what it may cost is not told.
    """
    with _endpoint(planned.cap) as endpoint:
        plan = Plan(repeat=planned.repeat, permutes=planned.permutes, endpoint=endpoint)
        tried = play(wanted, plan, engine=engine, policy=policy, told=told)
        return Repeated(
            tried.cases,
            trials.judged(tried.cases, tried.trials),
            tried.seconds,
            measures.told(tried, endpoint, risk=planned.risk),
            list(measures.lines(tried, endpoint, risk=planned.risk)),
        )


def play(
    wanted: Sequence[Job],
    plan: Plan,
    *,
    engine: str,
    policy: Masking,
    told: Callable[[Mapping[str, Any]], None] = lambda _case: None,
) -> Played:
    """Return what comes of playing every case as often as planned, repeat by repeat.

    So a budget that runs out leaves as many cases as it can, played equally often.
    """
    began = time.perf_counter()
    plays: dict[str, list[_Play]] = {}
    made: list[Trial] = []
    unplayed = [*_unfit(wanted)] if plan.endpoint is not None else []
    left = {each.case for each in unplayed}
    fit = [job for job in wanted if job.name not in left]
    for repeat, job in ((repeat, job) for repeat in range(plan.repeat) for job in fit):
        asking = Asking(turn=repeat if plan.permutes else 0, endpoint=plan.endpoint)
        ended = None if plan.endpoint is None else plan.endpoint.ended
        if ended is not None:
            unplayed.append(Unplayed(case=job.name, repeat=repeat, why=ended))
            continue
        result = runner.run(job, engine=engine, asking=asking)
        trial = _trial(job, result, repeat=repeat, asking=asking)
        made.append(trial)
        if trial.status == "spent":
            unplayed.append(Unplayed(case=job.name, repeat=repeat, why=result.reason))
            continue
        shown = {**report.case(result, policy), "status": trial.status, "is_aside": trial.is_aside}
        told(shown)
        plays.setdefault(job.name, []).append(_Play(shown, trial))
    return Played([_worst(each) for each in plays.values()], made, unplayed, time.perf_counter() - began)


@contextmanager
def _endpoint(cap: Cap | None) -> Iterator[Endpoint | None]:
    """Give the endpoint that is asked in live mode, or nothing."""
    if cap is None:
        yield None
        return
    if cap.tokens is None or cap.cost_usd is None:
        raise LiveRefused("--live needs --max-tokens and --max-cost: what asking may cost in all")
    with Endpoint(settings.load().model, live.Cap(cap.tokens, Decimal(str(cap.cost_usd)))) as endpoint:
        yield endpoint


def _unfit(wanted: Sequence[Job]) -> Iterator[Unplayed]:
    for job in wanted:
        why = fitness.unfit(job.setting)
        if why is not None:
            yield Unplayed(case=job.name, why=why)


class _Play(NamedTuple):
    shown: dict[str, Any]
    trial: Trial


def _worst(plays: Sequence[_Play]) -> dict[str, Any]:
    judged = [each for each in plays if each.trial.is_judged] or plays
    bad = (each for status in _BAD for each in judged if each.trial.status == status)
    return next(bad, judged[0]).shown


def _trial(job: Job, result: CaseResult, *, repeat: int, asking: Asking) -> Trial:
    is_live = asking.endpoint is not None
    return Trial(
        case=job.name,
        cluster=result.cluster,
        repeat=repeat,
        turn=asking.turn,
        status=_OFF.get(result.code, result.status) if is_live else result.status,
        is_live=is_live,
        ms=result.ms,
        decisions=tuple(trials.labelled(made, job.case.score) for made in _made(result.decided)),
    )


def _made(decided: Sequence[Mapping[str, Any]]) -> Iterator[Made]:
    for each in decided:
        if each["decided_by"] not in {"model", "otherwise"} or not each["attempts"]:
            continue
        said = (each["proposed"] or each["choice"]) if each["outcome_class"] in {"ok", "abstained"} else None
        confidence = each["confidence"] or {}
        usage = each["usage"]
        yield Made(
            point=declared(each["point"]),
            path=each["path"],
            truth=None,
            loss=None,
            choice=each["choice"],
            said=said,
            is_right=None,
            outcome_class=each["outcome_class"],
            decided_by=each["decided_by"],
            confidence=confidence.get("value"),
            source=confidence.get("source"),
            probabilities=each["probabilities"],
            options=tuple(each["attempts"][-1]["option_order"] or each["option_order"]),
            requests=len(each["attempts"]),
            repaired=each["outcome_class"] == "ok" and len(each["attempts"]) > 1,
            tokens=usage["input"] + usage["output"],
            cost_usd=None if usage["cost_usd"] is None else str(usage["cost_usd"]),
            ms=each["duration_ms"],
        )
