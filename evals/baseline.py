"""Baselines: what came of each case when it was accepted, small enough to be committed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field, ValidationError

from evals import figures, report, results
from evals.errors import EvalError
from evals.figures import Averaged, Figures
from tools.records import Record

SCHEMA: Literal["evals-baseline/1"] = "evals-baseline/1"


class BaselineInvalid(EvalError):
    """A file is neither a result of `eval run --json` nor a baseline."""

    code = "baseline"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} is neither a result of `eval run --json` nor a baseline: {why}")


class Kept(Record):
    """What came of one case."""

    status: str
    definition: str
    """Digest of the case and of what it runs; results of different ones cannot be compared."""
    tags: tuple[str, ...] = ()
    reason: str = ""
    """Why it did not pass."""
    decisions: tuple[str, ...] = ()
    """What was chosen, as `path: choice`, in order."""
    model_calls: int = 0
    tokens: int = 0
    virtual_s: float = 0.0
    cluster: str = ""
    """What it counts together with; nothing but itself where it is empty."""
    over: Figures | None = None
    """What it came to over its repeats; None where it was played once and nothing was measured."""

    @property
    def figures(self) -> Figures:
        """What it came to."""
        return figures.single(self.status) if self.over is None else self.over

    @property
    def is_judged(self) -> bool:
        """Tell whether it counts: not where a real model took only ways that it has no answers for."""
        return self.figures.judged > 0

    @property
    def is_good(self) -> bool:
        """Tell whether it passed, failed as it is known to, or nobody has reviewed it."""
        return self.status in report.GOOD


class Baseline(Record):
    """What came of every case, by `suite/id`."""

    schema_: Literal["evals-baseline/1"] = Field(default=SCHEMA, alias="schema")
    is_live: bool = False
    """Whether a real model answered, so that it may be another time otherwise."""
    cases: dict[str, Kept]
    unplayed: dict[str, str] = Field(default_factory=dict)
    """Cases that were not played at all, and why."""


def read(file: Path) -> Baseline:
    """Return the baseline that a file holds, or that its results make.

    Raises:
        BaselineInvalid: it is neither.
    """
    try:
        data = orjson.loads(file.read_bytes())
        if isinstance(data, dict) and data.get("schema") == report.SCHEMA:
            return of_results(results.unchanged(file))
        return Baseline.model_validate(data)
    except (OSError, orjson.JSONDecodeError) as exc:
        raise BaselineInvalid(file, str(exc)) from exc
    except (ValidationError, KeyError, TypeError) as exc:
        why = f"its `schema` is neither {report.SCHEMA!r} nor {SCHEMA!r}, or a case lacks something"
        raise BaselineInvalid(file, why) from exc


def of_results(document: Mapping[str, Any]) -> Baseline:
    """Return what is kept of a document of results."""
    over = figures.averaged(document.get("trials", ()))
    cases = {}
    for each in document["cases"]:
        name = f"{each['suite']}/{each['id']}"
        cases[name] = _kept(name, each, over.get(name))
    missed = {each["case"]: each["why"] for each in document.get("unplayed", ())}
    return Baseline(
        is_live=document.get("live") is not None,
        cases=cases,
        unplayed={name: why for name, why in missed.items() if name not in cases},
    )


def text(baseline: Baseline) -> str:
    """Return a baseline as it is committed: sorted, one line for each fact."""
    cases = {name: baseline.cases[name] for name in sorted(baseline.cases)}
    told = {name: kept.model_dump(mode="json", exclude_defaults=True) for name, kept in cases.items()}
    more = baseline.model_dump(mode="json", exclude={"schema_", "cases"}, exclude_defaults=True)
    return report.text({"schema": SCHEMA, **more, "cases": told}) + "\n"


def _kept(name: str, case: Mapping[str, Any], over: Averaged | None) -> Kept:
    run = case["run"] or {}
    decisions = tuple(f"{each['path']}: {each['choice']}" for each in case["decisions"])
    status = case["status"] if over is None else over.status
    return Kept(
        status=status,
        definition=case["definition"],
        tags=tuple(case["tags"]),
        reason="" if status == "passed" else case["reason"],
        decisions=decisions if over is None else over.decisions,
        model_calls=run.get("model_calls", 0),
        tokens=run.get("tokens", 0),
        virtual_s=run.get("virtual_s", 0.0),
        cluster=cluster if (cluster := case.get("cluster", "")) != name else "",
        over=None if over is None else over.figures,
    )
