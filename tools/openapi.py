"""OpenAPI: operations from the document of a service (OpenAPI 3.0 and 3.1, Swagger 2.0)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tools import bodies, parameters, swagger, validators
from tools.bodies import Body
from tools.definitions import Definitions
from tools.errors import CatalogInvalid
from tools.identifiers import identifier
from tools.operations import EffectClass, HttpBinding, Operation
from tools.parameters import Argument
from tools.problems import Problem
from tools.references import Broken, Located, References
from tools.wording import show

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_EFFECTS: dict[str, EffectClass] = {
    "delete": "idempotent",
    "get": "read",
    "head": "read",
    "options": "read",
    "put": "idempotent",
}
_BODILESS = frozenset({"get", "head", "options"})
_PLACES_3 = ("path", "query", "header", "cookie")
_PLACES_2 = ("path", "query", "header", "body", "formData")
_SLOT = re.compile(r"\{([^{}]+)\}")
_VERSION = re.compile(r"3\.\d+(\.\d+)?.*|2\.0")
_LONGEST_SUMMARY = 200


def read(
    document: Mapping[str, Any],
    *,
    service: str,
    folder: Path | None = None,
    warnings: list[Problem] | None = None,
) -> list[Operation]:
    """Return the operations of a service's document; raise CatalogInvalid with every problem.

    References into other files are followed below `folder` only. What was read although it is wrong goes
    to `warnings`.
    """
    problems = _shape(document)
    if problems:
        raise CatalogInvalid(problems)
    reader = _Reader(document, service, folder=folder)
    operations = reader.operations()
    if reader.problems:
        raise CatalogInvalid(reader.problems)
    if warnings is not None:
        warnings += reader.warnings
    return operations


def base_url(document: Mapping[str, Any]) -> str | None:
    """Return the address of the service as its document tells it; it may be relative."""
    if "swagger" in document:
        return swagger.base_url(document)
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    if not isinstance(first, Mapping) or not isinstance(first.get("url"), str):
        return None
    url = first["url"]
    variables = first.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        default = variable.get("default", "") if isinstance(variable, Mapping) else ""
        url = url.replace(f"{{{name}}}", str(default))
    return url.rstrip("/") or None


def _shape(document: Any) -> list[Problem]:
    """Return what keeps the document from being read at all."""
    if not isinstance(document, Mapping):
        return [_problem("", "wrong-type", f"The document is {show(document)}.", "It must be an object.")]
    version = str(document.get("openapi") or document.get("swagger") or "")
    if not version:
        return [
            _problem(
                "",
                "missing-field",
                "The document names no version.",
                "Add `openapi: 3.1.0`, or `swagger: '2.0'`.",
            )
        ]
    if not _VERSION.fullmatch(version):
        name = "openapi" if "openapi" in document else "swagger"
        return [
            _problem(
                f"/{name}",
                "not-allowed",
                f"The version {version!r} is not known.",
                "Use OpenAPI 3.0 or 3.1, or Swagger 2.0.",
            )
        ]
    if not isinstance(document.get("paths", {}), Mapping):
        found = show(document["paths"])
        return [_problem("/paths", "wrong-type", f"`paths` is {found}.", "It must be an object.")]
    return []


class _Call(NamedTuple):
    """One method of one path, with everything resolved."""

    method: str
    path: str
    located: Located
    parameters: list[Located]
    body: Located | None
    responses: dict[str, Located]


class _Reader:
    """Reads one document, and gathers what is wrong with it."""

    def __init__(self, document: Mapping[str, Any], service: str, *, folder: Path | None) -> None:
        self._document, self._service = document, service
        self._references = References(document, folder=folder)
        self._is_swagger = "swagger" in document
        siblings = str(document.get("openapi", "")).startswith("3.1")
        self._requests = Definitions(self._references, "request", siblings=siblings)
        self._answers = Definitions(self._references, "response", siblings=siblings)
        self._problems: list[Problem] = []
        self._taken: set[str] = set()

    @property
    def problems(self) -> list[Problem]:
        """Everything found so far, each once."""
        found = [*self._problems, *self._requests.problems, *self._answers.problems]
        return list(dict.fromkeys(found))

    @property
    def warnings(self) -> list[Problem]:
        """What was read although it is wrong, each once."""
        return list(dict.fromkeys([*self._requests.warnings, *self._answers.warnings]))

    def operations(self) -> list[Operation]:
        """Return the operations, as far as they can be read."""
        calls = list(self._calls())
        # Ids that are names already keep theirs, wherever they stand; the others are made to fit.
        calls.sort(key=lambda call: not _is_named(call))
        made = {id(call): self._operation(call) for call in calls}
        return sorted(made.values(), key=lambda operation: operation.name)

    def _calls(self) -> Iterator[_Call]:
        paths = self._references.root.child("paths")
        for path in paths.value or {}:
            if not str(path).startswith("/"):
                continue
            item = self._resolved(paths.child(path))
            if item is None:
                continue
            for method in _METHODS:
                located = item.child(method)
                if located.value is not None and self._is_object(located):
                    yield self._call(method, str(path), item, located)

    def _call(self, method: str, path: str, item: Located, located: Located) -> _Call:
        merged = {
            (str(found.value.get("name")), str(found.value.get("in"))): found
            for group in (item.child("parameters"), located.child("parameters"))
            for found in self._listed(group)
        }
        responses = self._responses(located)
        if self._is_swagger:
            return self._swagger_call(_Call(method, path, located, list(merged.values()), None, responses))
        body = located.child("requestBody")
        resolved = self._resolved(body) if body.value is not None else None
        return _Call(method, path, located, list(merged.values()), resolved, responses)

    def _swagger_call(self, call: _Call) -> _Call:
        consumes, produces = self._types(call.located, "consumes"), self._types(call.located, "produces")
        outside = [found for found in call.parameters if found.value.get("in") not in {"body", "formData"}]
        return call._replace(
            parameters=[swagger.parameter(found) for found in outside],
            body=swagger.body(call.parameters, consumes),
            responses={status: swagger.response(found, produces) for status, found in call.responses.items()},
        )

    def _types(self, located: Located, name: str) -> list[str]:
        """Return the media types of one operation, or else those of the whole document."""
        found = located.child(name) if name in located.value else self._references.root.child(name)
        if found.value is None or (isinstance(found.value, list) and _are_texts(found.value)):
            return found.value or []
        self._note(found, "wrong-type", f"`{name}` is {show(found.value)}.", "It must be a list of texts.")
        return []

    def _listed(self, group: Located) -> list[Located]:
        if group.value is None:
            return []
        if not isinstance(group.value, list):
            self._note(group, "wrong-type", f"`parameters` is {show(group.value)}.", "It must be a list.")
            return []
        items = [self._resolved(group.child(index)) for index in range(len(group.value))]
        return [item for item in items if item is not None and self._is_parameter(item)]

    def _is_parameter(self, located: Located) -> bool:
        fault = parameters.fault(located, places=_PLACES_2 if self._is_swagger else _PLACES_3)
        self._problems += [fault] if fault else []
        return fault is None

    def _responses(self, located: Located) -> dict[str, Located]:
        group = located.child("responses")
        if group.value is None or not self._is_object(group):
            return {}
        found = {
            str(status): self._resolved(group.child(status))
            for status in group.value
            if not str(status).startswith("x-")
        }
        return {status: response for status, response in found.items() if response is not None}

    def _resolved(self, located: Located) -> Located | None:
        """Return the object behind a reference; None, with a problem noted, where there is none."""
        try:
            found = self._references.follow(located)
        except Broken as exc:
            self._problems.append(exc.problem)
            return None
        return found if self._is_object(found) else None

    def _is_object(self, located: Located) -> bool:
        if isinstance(located.value, Mapping):
            return True
        self._note(located, "wrong-type", f"Found {show(located.value)}.", "It must be an object.")
        return False

    def _operation(self, call: _Call) -> Operation:
        found = parameters.read(call.parameters, self._requests)
        found += self._undeclared(call, found)
        body = Body()
        if call.body is not None and call.method not in _BODILESS:
            body = bodies.request(call.body, self._requests, taken=[argument.name for argument in found])
        arguments = [*found, *body.arguments]
        success = bodies.answer(call.responses, self._answers)
        operation = Operation(
            name=f"{self._service}.{self._name(call)}",
            service=self._service,
            summary=_summary(call),
            input=self._input(arguments, body),
            output=None if success.schema is None else self._output(success.schema),
            effect=_EFFECTS.get(call.method, "write"),
            effect_source="guessed",
            binding=_binding(call, arguments, body, success.statuses),
        )
        self._check(operation, call)
        return operation

    def _undeclared(self, call: _Call, found: list[Argument]) -> list[Argument]:
        """Return arguments for the slots of the path that no parameter declares."""
        declared = {argument.wire for argument in found if argument.place == "path"}
        slots = dict.fromkeys(_SLOT.findall(call.path))
        return [
            Argument(name, name, "path", {"type": "string"}, required=True)
            for name in slots
            if name not in declared
        ]

    def _name(self, call: _Call) -> str:
        given = call.located.value.get("operationId")
        name = identifier(
            given if isinstance(given, str) else None, method=call.method, path=call.path, taken=self._taken
        )
        self._taken.add(name)
        return name

    def _input(self, arguments: list[Argument], body: Body) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {argument.name: argument.schema for argument in arguments},
            "required": [argument.name for argument in arguments if argument.required],
            "additionalProperties": False,
        }
        if body.together:
            schema["dependentRequired"] = dict(body.together)
        return self._requests.bundle(schema)

    def _output(self, schema: Any) -> dict[str, Any]:
        return self._answers.bundle(schema if isinstance(schema, Mapping) else {})

    def _check(self, operation: Operation, call: _Call) -> None:
        """Note what a validator would refuse in the schemas."""
        for name, schema in (("parameters", operation.input), ("responses", operation.output)):
            if schema is None:
                continue
            for fault in validators.faults(schema):
                self._note(
                    call.located.child(name),
                    fault.code,
                    f"{fault.message} (at {fault.path} of its schema)",
                    fault.remedy,
                )

    def _note(self, located: Located, code: str, message: str, remedy: str) -> None:
        self._problems.append(_problem(located.path, code, message, remedy))


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_named(call: _Call) -> bool:
    given = call.located.value.get("operationId")
    return isinstance(given, str) and given.isidentifier()


def _summary(call: _Call) -> str:
    for name in ("summary", "description"):
        lines = str(call.located.value.get(name) or "").strip().splitlines()
        if lines:
            return lines[0].strip()[:_LONGEST_SUMMARY]
    return f"{call.method.upper()} {call.path}"


def _binding(call: _Call, arguments: list[Argument], body: Body, success: tuple[int, ...]) -> HttpBinding:
    return HttpBinding(
        method=call.method.upper(),
        path=call.path,
        places={argument.name: argument.place for argument in arguments},
        names={argument.name: argument.wire for argument in arguments if argument.name != argument.wire},
        styles={argument.name: argument.style for argument in arguments if argument.style != "repeat"},
        content_type=body.content_type,
        success=success,
    )


def _problem(path: str, code: str, message: str, remedy: str) -> Problem:
    return Problem(path=path, code=code, message=message, remedy=remedy)
