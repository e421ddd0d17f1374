"""Validators: JSON Schema 2020-12, compiled once per content."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from tools.complaints import explain
from tools.pointers import pointer
from tools.problems import Problem
from tools.wording import show

_KEPT = 2048


def problems(schema: Any, value: Any, *, path: str = "") -> list[Problem]:
    """Return everything that is wrong with the value, each with its place below `path`."""
    try:
        validator = _compiled(schema)
        errors = list(validator.iter_errors(value))
    except jsonschema_rs.ValidationError as exc:
        return [_broken(exc, path)]
    except (ValueError, TypeError) as exc:
        return [Problem(path=path, code="no-json", message=f"This is no JSON value: {exc}.")]
    return explain(errors, schema, path=path)


def valid(schema: Any, value: Any) -> bool:
    """Tell whether the value fits the schema; a schema that cannot be used fits nothing."""
    try:
        return _compiled(schema).is_valid(value)
    except (ValueError, TypeError):
        return False


def searching(expression: str) -> Callable[[str], bool]:
    """Return what tells whether a text holds a match, in linear time and for many words at once.

    The expression may look neither ahead nor back. Python's own engine takes ten times as long for a list of
    words, and so does a search for each of them.
    """
    schema = {"type": "string", "pattern": expression}
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions()).is_valid


def faults(schema: Any, *, path: str = "") -> list[Problem]:
    """Return what is wrong with the schema itself."""
    if not isinstance(schema, (dict, bool)):
        message = f"A schema is an object, not {show(schema)}."
        return [Problem(path=path, code="broken-schema", message=message)]
    try:
        _compiled(schema)
    except jsonschema_rs.ValidationError as exc:
        return [_broken(exc, path)]
    except (ValueError, TypeError) as exc:
        return [Problem(path=path, code="broken-schema", message=f"The schema is no JSON: {exc}.")]
    return []


def _compiled(schema: Any) -> jsonschema_rs.Draft202012Validator:
    return _compile(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=_KEPT)
def _compile(content: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(orjson.loads(content), offline=True)


def _broken(exc: jsonschema_rs.ValidationError, path: str) -> Problem:
    return Problem(
        path=path + pointer(exc.instance_path),
        code="broken-schema",
        message=f"The schema cannot be used: {exc.message.rstrip('.')}.",
        remedy="Write a valid JSON Schema (2020-12); references must stay inside the document.",
    )
