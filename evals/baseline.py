"""Baselines: what came of each case when it was accepted, small enough to be committed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field, ValidationError

from evals import report
from evals.errors import EvalError
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

    @property
    def is_good(self) -> bool:
        """Tell whether it passed, or failed as it is known to."""
        return self.status in {"passed", "expected"}


class Baseline(Record):
    """What came of every case, by `suite/id`."""

    schema_: Literal["evals-baseline/1"] = Field(default=SCHEMA, alias="schema")
    cases: dict[str, Kept]


def read(file: Path) -> Baseline:
    """Return the baseline that a file holds, or that its results make.

    Raises:
        BaselineInvalid: it is neither.
    """
    try:
        data = orjson.loads(file.read_bytes())
        if isinstance(data, dict) and data.get("schema") == report.SCHEMA:
            return of_results(data)
        return Baseline.model_validate(data)
    except (OSError, orjson.JSONDecodeError) as exc:
        raise BaselineInvalid(file, str(exc)) from exc
    except (ValidationError, KeyError, TypeError) as exc:
        why = f"its `schema` is neither {report.SCHEMA!r} nor {SCHEMA!r}, or a case lacks something"
        raise BaselineInvalid(file, why) from exc


def of_results(document: Mapping[str, Any]) -> Baseline:
    """Return what is kept of a document of results."""
    return Baseline(cases={f"{each['suite']}/{each['id']}": _kept(each) for each in document["cases"]})


def text(baseline: Baseline) -> str:
    """Return a baseline as it is committed: sorted, one line for each fact."""
    cases = {name: baseline.cases[name] for name in sorted(baseline.cases)}
    told = {name: kept.model_dump(mode="json", exclude_defaults=True) for name, kept in cases.items()}
    return report.text({"schema": SCHEMA, "cases": told}) + "\n"


def _kept(case: Mapping[str, Any]) -> Kept:
    run = case["run"] or {}
    return Kept(
        status=case["status"],
        definition=case["definition"],
        tags=tuple(case["tags"]),
        reason="" if case["status"] == "passed" else case["reason"],
        decisions=tuple(f"{each['path']}: {each['choice']}" for each in case["decisions"]),
        model_calls=run.get("model_calls", 0),
        tokens=run.get("tokens", 0),
        virtual_s=run.get("virtual_s", 0.0),
    )
