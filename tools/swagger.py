"""Swagger 2.0: its parameters and answers in the shape of OpenAPI 3."""

from collections.abc import Iterable, Mapping
from typing import Any

from tools.references import Located
from tools.requests import media_type

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_OUTSIDE_SCHEMA = frozenset(
    {"allowEmptyValue", "collectionFormat", "description", "in", "name", "required", "x-example"}
)
_QUERY_STYLES: dict[str, dict[str, Any]] = {
    "csv": {"style": "form", "explode": False},
    "multi": {"style": "form", "explode": True},
    "pipes": {"style": "pipeDelimited"},
    "ssv": {"style": "spaceDelimited"},
    "tsv": {"style": "tabs"},
}


def parameter(located: Located) -> Located:
    """Return a parameter that is no part of the body."""
    value = located.value
    schema = {name: item for name, item in value.items() if name not in _OUTSIDE_SCHEMA}
    kept = {name: value[name] for name in ("name", "in", "required", "description") if name in value}
    if "x-example" in value:
        kept["example"] = value["x-example"]
    style = _style(value) if value.get("type") == "array" else {}
    return located._replace(value={**kept, **style, "schema": schema})


def body(parameters: Iterable[Located], consumes: Iterable[str]) -> Located | None:
    """Return the request body that `body` or `formData` parameters make; None where there is none."""
    found = list(parameters)
    for located in found:
        if located.value.get("in") == "body":
            return _whole(located, list(consumes))
    fields = [located for located in found if located.value.get("in") == "formData"]
    return _form(fields, list(consumes)) if fields else None


def response(located: Located, produces: Iterable[str]) -> Located:
    """Return one answer with its schema under each media type."""
    if "schema" not in located.value:
        return located
    types = list(produces) or [_JSON]
    return located._replace(value={"content": {name: {"schema": located.value["schema"]} for name in types}})


def base_url(document: Mapping[str, Any]) -> str | None:
    """Return the address that the document tells, or its base path where it names no host."""
    path = str(document.get("basePath") or "").rstrip("/")
    host = document.get("host")
    if not host:
        return path or None
    schemes = document.get("schemes")
    schemes = schemes if isinstance(schemes, list) and schemes else ["http"]
    scheme = "https" if "https" in schemes else schemes[0]
    return f"{scheme}://{host}{path}"


def _style(value: Mapping[str, Any]) -> dict[str, Any]:
    chosen = str(value.get("collectionFormat", "csv"))
    if value.get("in") == "query" or chosen in {"tsv", "ssv", "pipes"}:
        return _QUERY_STYLES.get(chosen, _QUERY_STYLES["csv"])
    return {}


def _whole(located: Located, consumes: list[str]) -> Located:
    types = consumes or [_JSON]
    value = {
        "required": located.value.get("required"),
        "description": located.value.get("description"),
        "content": {name: {"schema": located.value.get("schema", {})} for name in types},
    }
    return located._replace(value=value)


def _form(fields: list[Located], consumes: list[str]) -> Located:
    has_files = any(located.value.get("type") == "file" for located in fields)
    types = [name for name in consumes if media_type(name) in {_FORM, _MULTIPART}]
    content_type = _MULTIPART if has_files or not types else types[0]
    if not has_files and not types:
        content_type = _FORM
    schema = {
        "type": "object",
        "properties": {located.value["name"]: _field(located.value) for located in fields},
        "required": [located.value["name"] for located in fields if located.value.get("required") is True],
    }
    return fields[0]._replace(value={"required": True, "content": {content_type: {"schema": schema}}})


def _field(value: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: item for name, item in value.items() if name not in _OUTSIDE_SCHEMA}
    return {**kept, "description": value["description"]} if value.get("description") else kept
