"""Trials: what came of cases that were played several times. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from evals import calibration
from evals.cases import Label
from evals.scripts import declared
from tools.records import Record


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
