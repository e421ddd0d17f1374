"""Figures: what one case came to, averaged over its repeats. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Literal

from evals import report
from evals.trials import Trial
from tools.records import Record

Metric = Literal["passed", "accuracy", "cost", "brier"]
"""`passed`: share of the repeats that pass. `accuracy`: share of the labelled decisions where the model chose
what is right. `cost`: what a labelled decision costs. `brier`: its Brier score."""
METRICS: Mapping[Metric, Literal[1, -1]] = {"passed": 1, "accuracy": 1, "cost": -1, "brier": -1}
"""Whether more is better, or less."""


class Figures(Record):
    """What one case came to, averaged over its repeats."""

    judged: int = 1
    """Repeats that passed or failed."""
    passed: float | None = None
    """None where no repeat could be judged."""
    accuracy: float | None = None
    cost: float | None = None
    brier: float | None = None

    def of(self, metric: Metric) -> float | None:
        """Return one of them."""
        return {"passed": self.passed, "accuracy": self.accuracy, "cost": self.cost, "brier": self.brier}[
            metric
        ]

    @property
    def sentence(self) -> str:
        """How many repeats pass, in words."""
        return f"{round((self.passed or 0) * self.judged)} of {self.judged} repeats passed"


class Averaged(Record):
    """A case over its trials."""

    figures: Figures
    cluster: str
    status: str
    """`unscripted` where none of them could be judged; otherwise the worst of those that could."""
    decisions: tuple[str, ...]
    """The way that most of them took, as `point: choice`."""


def single(status: str) -> Figures:
    """Return what a case came to that was played once, without anything measured."""
    return Figures(passed=float(status in report.PASSING))


def averaged(trials: Sequence[Mapping[str, Any]]) -> dict[str, Averaged]:
    """Return every case over its trials, which are as results hold them."""
    by_case: dict[str, list[Trial]] = {}
    for each in trials:
        trial = Trial.model_validate(each)
        by_case.setdefault(trial.case, []).append(trial)
    return {case: _averaged(own) for case, own in by_case.items()}


def _averaged(own: Sequence[Trial]) -> Averaged:
    judged = [trial for trial in own if trial.is_judged]
    known = [made for trial in own for made in trial.decisions if made.truth is not None]
    ways = Counter(tuple(f"{made.point}: {made.choice}" for made in trial.decisions) for trial in own)
    scores = [score for made in known if (score := made.brier) is not None]
    return Averaged(
        figures=Figures(
            judged=len(judged),
            passed=fmean(trial.status in report.PASSING for trial in judged) if judged else None,
            accuracy=fmean(bool(made.is_right) for made in known) if known else None,
            cost=fmean(made.loss or 0.0 for made in known) if known else None,
            brier=fmean(scores) if scores else None,
        ),
        cluster=own[0].cluster,
        status=_status([trial.status for trial in judged]),
        decisions=ways.most_common(1)[0][0],
    )


def _status(found: Sequence[str]) -> str:
    order = ("error", "unscripted", "failed", "pending", "expected", "passed")
    return next((status for status in order if status in found), "unscripted")
