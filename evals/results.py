"""Results: what `eval run` wrote down, read again. Nothing that is written is changed later."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from evals import report
from evals.errors import EvalError
from evals.trace import Trace


class ResultInvalid(EvalError):
    """A file holds no results, or they were changed after they were written."""

    code = "result-invalid"

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} cannot be used: {why}")


def read(file: Path) -> dict[str, Any]:
    """Return the document of results that a file holds, with where they come from.

    Raises:
        ResultInvalid: it holds none, was changed, or does not tell where they come from.
    """
    found = unchanged(file)
    if found["provenance"] is None:
        raise ResultInvalid(file, "it does not tell where it comes from; write one with `eval run -o FILE`")
    return found


def unchanged(file: Path) -> dict[str, Any]:
    """Return the document of results that a file holds.

    Raises:
        ResultInvalid: it holds none, or it was changed.
    """
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as exc:
        raise ResultInvalid(file, str(exc)) from exc
    if not isinstance(found, dict) or found.get("schema") != report.SCHEMA:
        raise ResultInvalid(file, f"its `schema` is not {report.SCHEMA!r}; write one with `eval run -o FILE`")
    if report.sealed(found)["sha256"] != found.get("sha256"):
        raise ResultInvalid(file, "it was changed after it was written; run the cases again")
    return found


def files(document: Mapping[str, Any]) -> list[Path]:
    """Return the case files that results came from."""
    return [Path(each["file"]) for each in (document["provenance"] or {"suites": {}})["suites"].values()]


def trace(case: Mapping[str, Any]) -> Trace | None:
    """Return what happened in a case, as its result tells it; None where it did not come to an end."""
    if case["run"] is None:
        return None
    run = {name: value for name, value in case["run"].items() if name not in {"tokens", "undone"}}
    told = {name: case[name] for name in Trace.model_fields if name in case}
    return Trace.model_validate({**told, **run})
