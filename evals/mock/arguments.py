"""Arguments: what a request to a service says, read back from the wire by the operation's binding. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from evals.errors import RequestUnserved
from evals.mock.exchange import Request
from tools import requests, schemas
from tools.operations import HttpBinding, Operation

_SLOT = re.compile(r"\\\{([^{}]+)\\\}")
_BETWEEN = {"comma": ",", "space": " ", "pipe": "|"}
_FORM = "application/x-www-form-urlencoded"
_KEY = "an idempotency key"


class Route(NamedTuple):
    """An operation that a request asks for, and what its path says."""

    operation: Operation
    binding: HttpBinding
    slots: Mapping[str, str]

    def key(self, request: Request) -> str | None:
        """Return the idempotency key of a request, where the operation honours one."""
        header = self.operation.key_header.lower()
        return request.headers.get(header) if self.operation.effect == "keyed" else None


def route(operations: Sequence[Operation], request: Request) -> Route | None:
    """Return the operation that a request asks for; of several the one whose path leaves least open."""
    found = [made for each in operations if (made := _route(each, request)) is not None]
    return min(found, key=lambda made: (len(made.slots), -len(made.binding.path)), default=None)


def _route(operation: Operation, request: Request) -> Route | None:
    binding = operation.binding
    if not isinstance(binding, HttpBinding) or binding.method != request.method:
        return None
    path, _, query = binding.path.partition("?")
    names = _SLOT.findall(re.escape(path))
    form = _SLOT.sub("([^/]+)", re.escape(path if path.startswith("/") else f"/{path}"))
    match = re.fullmatch(form, request.path)
    if match is None or not set(query.split("&") if query else ()) <= set(request.query.split("&")):
        return None
    slots = [unquote(each) for each in match.groups()]
    return Route(
        operation, binding, dict(zip([each.replace("\\", "") for each in names], slots, strict=True))
    )


def read(asked: Route, request: Request) -> dict[str, Any]:
    """Return the arguments of a request by name, as a caller of the operation gave them.

    Texts become numbers, lists and the like where the operation's schema has them so.

    Raises:
        RequestUnserved: the body cannot be read.
    """
    operation, binding = asked.operation, asked.binding
    sources = _sources(asked, request)
    carrier = requests.with_key(operation, binding, _KEY) if operation.effect == "keyed" else {}
    found = dict(_found(asked, sources, request))
    return {name: value for name, value in found.items() if name not in carrier}


def _sources(asked: Route, request: Request) -> dict[str, Mapping[str, Any]]:
    """Return what each part of the request holds, by its name on the wire."""
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return {
        "path": {name: [value] for name, value in asked.slots.items()},
        "query": query,
        "header": {name: [value] for name, value in request.headers.items()},
        "cookie": {name: [unquote(value)] for name, value in _cookies(request)},
    }


def _found(
    asked: Route, sources: Mapping[str, Mapping[str, Any]], request: Request
) -> Iterator[tuple[str, Any]]:
    operation, binding = asked.operation, asked.binding
    declared = operation.input.get("properties", {})
    fields = _fields(binding, request)
    for name, schema in declared.items():
        wire = binding.names.get(name, name)
        place = requests.place(binding, name)
        if place == "whole_body":
            if request.body:
                yield name, _whole(request)
            continue
        source = fields if place in {"body", "form"} else sources[place]
        wire = wire.lower() if place == "header" else wire
        if wire not in source:
            continue
        if place == "body" and request.json is not None:
            yield name, source[wire]
        else:
            told = _schema(schema, operation)
            yield name, _value(source[wire], told, _BETWEEN.get(binding.styles.get(name, "repeat")))
    if request.json is not None and "body" in binding.places.values():
        known = {binding.names.get(name, name) for name in declared}
        yield from ((name, value) for name, value in fields.items() if name not in known)


def _fields(binding: HttpBinding, request: Request) -> Mapping[str, Any]:
    """Return the fields of the body by their names on the wire; lists of texts where it is a form."""
    kind = requests.media_type(request.headers.get("content-type", ""))
    if not request.body or "whole_body" in binding.places.values():
        return {}
    if kind == _FORM:
        fields: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True):
            fields.setdefault(name, []).append(value)
        return fields
    if isinstance(request.json, dict):
        return request.json
    raise RequestUnserved(f"the body is neither a JSON object nor a form: {kind or 'it has no content-type'}")


def _whole(request: Request) -> Any:
    is_json = requests.is_json(request.headers.get("content-type", ""))
    if is_json and request.json is None and request.body != b"null":
        raise RequestUnserved("the body calls itself JSON and is none")
    return request.json if is_json else request.body.decode("utf-8", "replace")


def _cookies(request: Request) -> Iterator[tuple[str, str]]:
    try:
        found = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return
    yield from ((name, morsel.value) for name, morsel in found.items())


def _schema(schema: Any, operation: Operation) -> Any:
    """Return the schema of one argument, which can still refer to the definitions beside it."""
    defs = operation.input.get("$defs")
    return {**schema, "$defs": defs} if defs and isinstance(schema, dict) else schema


def _value(texts: Sequence[str], schema: Any, between: str | None) -> Any:
    """Return the first reading of texts that fits the schema; the texts as they stand where none does."""
    return next((each for each in _readings(texts, between) if schemas.valid(schema, each)), texts[-1])


def _readings(texts: Sequence[str], between: str | None) -> Iterator[Any]:
    if len(texts) == 1:
        yield texts[0]
        yield _parsed(texts[0])
    items = [part for text in texts for part in (text.split(between) if between else [text])]
    items = [] if items == [""] else items
    yield items
    yield [_parsed(each) for each in items]
    if len(items) % 2 == 0:
        yield {name: _parsed(value) for name, value in zip(items[::2], items[1::2], strict=True)}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
