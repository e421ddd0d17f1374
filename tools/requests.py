"""Requests: from an operation and its arguments to the bytes that are sent. Pure."""

import base64
import binascii
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from tools import schemas
from tools.operations import HttpBinding, Operation

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SLOT = re.compile(r"\{([^{}]+)\}")
_COOKIE_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_OWNED = frozenset({"connection", "content-length", "host", "te", "transfer-encoding", "upgrade"})
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})
_BETWEEN = {"comma": ",", "space": "%20", "pipe": "%7C"}
_WHOLE = 1e15
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"

Headers = list[tuple[str, str]]


class Unbuildable(ValueError):
    """The arguments make no request."""


class Content(NamedTuple):
    """The body of a request."""

    content_type: str
    body: bytes


class Message(NamedTuple):
    """A request below a service's base address."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: Headers
    body: bytes | None


def build(operation: Operation, binding: HttpBinding, arguments: Mapping[str, Any]) -> Message:
    """Return the request that the arguments make; raise Unbuildable with a sentence when they make none."""
    try:
        return _build(operation, binding, arguments)
    except UnicodeEncodeError as exc:
        raise Unbuildable(f"an argument holds text that cannot be encoded: {exc.reason}") from None


def check(operation: Operation, arguments: Mapping[str, Any]) -> None:
    """Raise Unbuildable with everything that is wrong with the arguments."""
    if not schemas.valid(operation.input, arguments):
        found = schemas.problems(operation.input, arguments)
        raise Unbuildable("; ".join(str(problem) for problem in found))


def with_key(operation: Operation, binding: HttpBinding, key: str) -> dict[str, Any]:
    """Return the argument, if any, that the operation's own schema has for its idempotency key."""
    for name in operation.input.get("properties", {}):
        wire = binding.names.get(name, name)
        if binding.places.get(name) == "header" and wire.lower() == operation.key_header.lower():
            return {name: key}
    return {}


def _build(operation: Operation, binding: HttpBinding, arguments: Mapping[str, Any]) -> Message:
    placed = _place(binding, arguments)
    target = _path(binding, placed.pop("path", {}))
    query = "&".join(_query(binding, placed.pop("query", {})))
    if query:
        target += ("&" if "?" in target else "?") + query
    headers = [header(name, _joined(value)) for name, value in placed.pop("header", {}).items()]
    if cookies := placed.pop("cookie", {}):
        headers.append(header("Cookie", "; ".join(_cookie(name, value) for name, value in cookies.items())))
    content = _content(operation, binding, placed)
    if content is not None:
        headers.append(header("Content-Type", content.content_type))
    return Message(binding.method, target, headers, content.body if content else None)


def _place(binding: HttpBinding, arguments: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    placed: dict[str, dict[str, Any]] = {}
    for name, value in arguments.items():
        where = place(binding, name)
        if value is None and where not in {"body", "whole_body"}:
            continue
        placed.setdefault(where, {})[binding.names.get(name, name)] = value
    return placed


def place(binding: HttpBinding, name: str) -> str:
    """Return where in a request an argument goes, such as `path`, `query` or `body`."""
    if name in binding.places:
        return binding.places[name]
    if binding.names.get(name, name) in _SLOT.findall(binding.path):
        return "path"
    return "query" if binding.method in _BODILESS else "body"


def _path(binding: HttpBinding, values: Mapping[str, Any]) -> str:
    def fill(slot: re.Match[str]) -> str:
        name = slot.group(1)
        text = _joined(values[name]) if name in values else ""
        if not text:
            raise Unbuildable(f"the path {binding.path!r} needs a value for {name!r}")
        if any(part in {".", ".."} for part in re.split(r"[/\\]", text)):
            raise Unbuildable(f"{name!r} may not step through the path with {text!r}")
        return quote(text, safe="")

    path = _SLOT.sub(fill, binding.path.replace("#", "%23"))
    return path if path.startswith("/") else f"/{path}"


def _query(binding: HttpBinding, values: Mapping[str, Any]) -> Iterator[str]:
    styles = {binding.names.get(name, name): style for name, style in binding.styles.items()}
    for name, value in values.items():
        between = _BETWEEN.get(styles.get(name, "repeat"))
        if between is not None and isinstance(value, (list, Mapping)):
            yield f"{_quoted(name)}={between.join(_quoted(item) for item in _items(value))}"
        elif isinstance(value, list):
            yield from (f"{_quoted(name)}={_quoted(item)}" for item in value)
        elif isinstance(value, Mapping):
            yield from (f"{_quoted(key)}={_quoted(item)}" for key, item in value.items())
        else:
            yield f"{_quoted(name)}={_quoted(value)}"


def _items(value: list[Any] | Mapping[str, Any]) -> list[Any]:
    if isinstance(value, list):
        return value
    return [part for pair in value.items() for part in pair]


def _quoted(value: Any) -> str:
    return quote(_text(value), safe="")


def _joined(value: Any) -> str:
    if isinstance(value, (list, Mapping)):
        return ",".join(_text(item) for item in _items(value))
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        return str(int(value))
    return "" if value is None else dump(value).decode()


def header(name: str, value: str) -> tuple[str, str]:
    """Return the header; raise Unbuildable when it could end its line or is the connection's own."""
    if not _TOKEN.fullmatch(name) or name.lower() in _OWNED:
        raise Unbuildable(f"{name!r} is no header that an argument may set")
    if _CONTROL.search(value):
        raise Unbuildable(f"the value of the header {name!r} holds a line break or a control character")
    return name, value.strip()


def _cookie(name: str, value: Any) -> str:
    if not _TOKEN.fullmatch(name):
        raise Unbuildable(f"{name!r} is no name of a cookie")
    return f"{name}={quote(_joined(value), safe=_COOKIE_SAFE)}"


def _content(
    operation: Operation, binding: HttpBinding, placed: Mapping[str, Mapping[str, Any]]
) -> Content | None:
    for value in placed.get("whole_body", {}).values():
        return _whole(operation, binding.content_type or _JSON, value)
    fields = {**placed.get("form", {}), **placed.get("body", {})}
    if not fields and not _sends_empty(operation, binding):
        return None
    default = _FORM if placed.get("form") or "form" in binding.places.values() else _JSON
    return _fields(operation, binding.content_type or default, fields)


def _sends_empty(operation: Operation, binding: HttpBinding) -> bool:
    """Tell whether a body without fields is sent: not where a body is optional but has required fields."""
    has_fields = bool({"body", "form"} & set(binding.places.values()))
    return has_fields and "dependentRequired" not in operation.input


def _whole(operation: Operation, content_type: str, value: Any) -> Content:
    if is_json(content_type):
        return Content(content_type, dump(value))
    if isinstance(value, str):
        return Content(content_type, value.encode())
    if isinstance(value, Mapping) and set(value) <= {"base64", "content_type"} and "base64" in value:
        return Content(str(value.get("content_type", content_type)), _decoded(value["base64"]))
    if isinstance(value, Mapping):
        return _fields(operation, content_type, value)
    raise Unbuildable(f"{operation.name} takes {content_type}; give its body as a text")


def _fields(operation: Operation, content_type: str, fields: Mapping[str, Any]) -> Content:
    kind = media_type(content_type)
    if is_json(kind):
        return Content(content_type, dump(dict(fields)))
    if kind == _FORM:
        return Content(content_type, "&".join(_form(fields)).encode())
    if kind == "multipart/form-data":
        return _multipart(fields)
    raise Unbuildable(f"{operation.name} takes {content_type}, which fields cannot be written as")


def _form(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            yield f"{_quoted(name)}={_quoted(item)}"


def _multipart(fields: Mapping[str, Any]) -> Content:
    parts = [(name, _part(item)) for name, value in fields.items() for item in _each(value)]
    joined = b"\x00".join(part.body for _, part in parts)
    boundary = "part"
    while boundary.encode() in joined:
        boundary += "-part"
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_attribute(name)}"'
        f"{_filename(part)}\r\n\r\n".encode()
        + part.body
        + b"\r\n"
        for name, part in parts
    )
    return Content(f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode())


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _part(value: Any) -> Content:
    if isinstance(value, Mapping) and "base64" in value:
        kind = header("Content-Type", str(value.get("content_type", "application/octet-stream")))[1]
        return Content(kind, _decoded(value["base64"]))
    return Content("", _text(value).encode())


def _filename(part: Content) -> str:
    return f'; filename="file"\r\nContent-Type: {part.content_type}' if part.content_type else ""


def _attribute(name: str) -> str:
    return quote(name, safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~")


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Unbuildable("the field 'base64' holds no base64") from None


def dump(value: Any) -> bytes:
    """Return the value as JSON; raise Unbuildable where it has no JSON form."""
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError as exc:
        raise Unbuildable(f"an argument has no JSON form: {exc}") from None
    if b"null" in written and not _finite(value):
        raise Unbuildable("an argument is no finite number, which JSON cannot hold")
    return written


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_finite(item) for item in value.values())
    return not isinstance(value, (list, tuple)) or all(_finite(item) for item in value)


def media_type(content_type: str) -> str:
    """Return the bare media type in lower case."""
    return content_type.split(";", 1)[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Tell whether the media type is JSON or built on it."""
    kind = media_type(content_type)
    return kind == _JSON or kind.endswith("+json")
