"""Negotiation: which form of a document a client wants, and whether it has it already."""

from collections.abc import Mapping

from fastapi import Response
from pydantic import BaseModel

_YAML = frozenset({"application/yaml", "text/yaml", "application/x-yaml"})
_JSON = frozenset({"application/json", "application/*", "*/*"})


def wants_yaml(accept: str | None) -> bool:
    """Tell whether an Accept header prefers YAML to JSON."""
    weights = dict(_weighted(each) for each in (accept or "").split(","))
    yaml = max((weight for name, weight in weights.items() if name in _YAML), default=0.0)
    json = max((weight for name, weight in weights.items() if name in _JSON), default=0.0)
    explicit = weights.get("application/json", 0.0)
    return yaml > 0 and yaml >= explicit and (yaml >= json or explicit == 0)


def preferred(accept: str | None, forms: Mapping[str, str], *, otherwise: str) -> str:
    """Return the form, by media type, that an Accept header likes best; `otherwise` where it names none.

    Args:
        accept: the header.
        forms: names of forms by media type.
        otherwise: the form for whoever does not say, or says anything.
    """
    weights = dict(_weighted(each) for each in (accept or "").split(","))
    named = [media for media in forms if weights.get(media, 0.0) > 0]
    return forms[max(named, key=lambda media: weights[media])] if named else otherwise


def etag(sha256: str, form: str = "") -> str:
    """Return the entity tag of a document with this content in this form."""
    return f'"{sha256}{form and f"-{form}"}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Tell whether the client has the document already."""
    held = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return tag in held or "*" in held


def reply(value: BaseModel, headers: Mapping[str, str]) -> Response:
    """Return a record as a JSON answer with headers of its own."""
    return Response(value.model_dump_json(), headers=dict(headers), media_type="application/json")


def _weighted(part: str) -> tuple[str, float]:
    name, *parameters = (each.strip().lower() for each in part.split(";"))
    told = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return name, float(told)
    except ValueError:
        return name, 0.0
