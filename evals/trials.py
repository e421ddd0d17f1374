"""Trials: cases played several times, in several orders of the options, by a script or a real model."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from evals import calibration, fitness, report, runner
from evals.cases import Label
from evals.errors import BudgetSpent, ScriptUnmatched
from evals.live import Asking, Endpoint
from evals.runner import CaseResult, Job
from evals.scripts import declared
from planner.log.masking import Masking
from tools.records import Record

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


class Made(Record):
    """One decision of a trial, for which a model was asked."""

    point: str
    """Its decision point as the definition has it, after the workflow's name."""
    path: str
    """Its path in the run, by which the case labels it."""
    truth: str | None
    """The right option; None where the case does not say it."""
    loss: float | None
    """What the choice costs by the case's label."""
    choice: str
    """What was done."""
    said: str | None
    """What the model chose; None where it gave nothing usable."""
    is_right: bool | None
    outcome_class: str
    decided_by: str
    confidence: float | None
    source: str | None
    probabilities: dict[str, str]
    options: tuple[str, ...]
    """As they were shown."""
    requests: int
    repaired: bool
    """Whether a first answer was not usable and a later one was."""
    tokens: int
    cost_usd: str | None
    ms: float

    @property
    def brier(self) -> float | None:
        """Return how far its probabilities were from the truth; None where either is not told."""
        if self.truth is None or not self.probabilities:
            return None
        return calibration.brier({name: float(p) for name, p in self.probabilities.items()}, self.truth)


class Trial(Record):
    """One play of a case."""

    case: str
    cluster: str
    repeat: int
    turn: int
    status: Literal["passed", "failed", "error", "expected", "pending", "unscripted", "spent"]
    """`unscripted`: something was asked for that the case has no answer to.
    `spent`: the cap was reached on the way; what was decided before was paid for and is kept."""
    is_live: bool = True
    """Whether a real model answered, so that a way without answers is not told to be wrong."""
    ms: float
    decisions: tuple[Made, ...]

    @property
    def is_judged(self) -> bool:
        """Tell whether it counts for or against its case."""
        return self.status != "spent" and not self.is_aside

    @property
    def is_aside(self) -> bool:
        """Tell whether a real model took a way that the case has no answers for."""
        return self.is_live and self.status == "unscripted"


class Unplayed(Record):
    """What was not played to its end, and why."""

    case: str
    repeat: int | None = None
    """Which one, from 0; None for all of them."""
    why: str

    @property
    def sentence(self) -> str:
        """The same in words."""
        which = "" if self.repeat is None else f" (repeat {self.repeat + 1})"
        return f"{self.case}{which}: {self.why}"


class Played(NamedTuple):
    """What came of a plan."""

    cases: list[dict[str, Any]]
    """By case the first judged play that is not good, or the first one."""
    trials: list[Trial]
    unplayed: list[Unplayed]
    seconds: float
    """Real time that it took."""


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
    trials: list[Trial] = []
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
        trials.append(_trial(job, result, repeat=repeat, asking=asking))
        if trials[-1].status == "spent":
            unplayed.append(Unplayed(case=job.name, repeat=repeat, why=result.reason))
            continue
        made = trials[-1]
        shown = {**report.case(result, policy), "status": made.status, "is_aside": made.is_aside}
        told(shown)
        plays.setdefault(job.name, []).append(_Play(shown, made))
    return Played([_worst(each) for each in plays.values()], trials, unplayed, time.perf_counter() - began)


def judged(cases: Sequence[Mapping[str, Any]], trials: Sequence[Trial]) -> list[Mapping[str, Any]]:
    """Return the cases that count; that a model took a way without answers is nothing against a case."""
    names = {trial.case for trial in trials if trial.is_judged}
    return [case for case in cases if f"{case['suite']}/{case['id']}" in names]


def labelled(made: Made, labels: Mapping[str, Label]) -> Made:
    """Return a decision with what is right there, by the labels of its case."""
    label = labels.get(made.path) or labels.get(declared(made.path))
    return made.model_copy(
        update={
            "truth": label and label.truth,
            "loss": None if label is None else label.loss(made.choice),
            "is_right": None if label is None else made.said == label.truth,
        }
    )


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
        decisions=tuple(labelled(made, job.case.score) for made in _made(result.decided)),
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
