"""Calls: the operation that an Arazzo step names, and its arguments."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from planner.arazzo.document import Arazzo, Parameter, RequestBody, Source, Step
from planner.arazzo.expressions import Scope, Untranslatable, cel, template
from tools.catalog import Catalog
from tools.identifiers import camel_case
from tools.operations import HttpBinding, Operation
from tools.pointers import parts, pointer
from tools.wording import hint, listed

_PREFIX = "$sourceDescriptions."
_BODY = frozenset({"body", "form"})
_IDENTITY = frozenset({"authorization", "cookie"})


class Sources(NamedTuple):
    """The services behind the descriptions of a document."""

    catalog: Catalog
    services: Mapping[str, str]
    """By the name of the description."""


def sources(document: Arazzo, catalog: Catalog, given: Mapping[str, str]) -> Sources:
    """Return which service each OpenAPI description of the document stands for, as far as it is known.

    Told by `given`, or by an equal name, or by being the only service that has every operation that is named.
    """
    found: dict[str, str] = {}
    for source in document.sources:
        if source.type == "openapi" and (service := _service(source, document, catalog, given)):
            found[source.name] = service
    return Sources(catalog, found)


def _service(source: Source, document: Arazzo, catalog: Catalog, given: Mapping[str, str]) -> str | None:
    if source.name in given:
        return given[source.name]
    if source.name in catalog.services:
        return source.name
    wanted = set(_named(source, document))
    fitting = [name for name in catalog.services if wanted and wanted <= _ids(name, catalog)]
    return fitting[0] if len(fitting) == 1 else None


def _named(source: Source, document: Arazzo) -> Iterator[str]:
    """Return the ids of operations that the document takes from a source."""
    alone = sum(each.type == "openapi" for each in document.sources) == 1
    for step in (step for workflow in document.workflows for step in workflow.steps):
        if step.operation_id is None:
            continue
        name, _, short = step.operation_id.removeprefix(_PREFIX).partition(".")
        if step.operation_id.startswith(_PREFIX) and name == source.name:
            yield short
        elif alone and not step.operation_id.startswith(_PREFIX):
            yield step.operation_id


def _ids(service: str, catalog: Catalog) -> set[str]:
    return {name.partition(".")[2] for name, each in catalog.operations.items() if each.service == service}


def operation(step: Step, known: Sources) -> Operation:
    """Return the operation of the catalogue that a step calls; raise Untranslatable."""
    if step.operation_path is not None:
        return _at_path(step.operation_path, known)
    name = step.operation_id or ""
    source, _, short = name.removeprefix(_PREFIX).partition(".")
    if name.startswith(_PREFIX):
        return _called(known.catalog, _known(source, known), short)
    found = [
        each
        for service in known.services.values()
        if (each := _find(known.catalog, service, name)) is not None
    ]
    if len(found) != 1:
        where = listed(known.services.values()) or "no service of the catalogue"
        several = "more than one of " if found else ""
        raise Untranslatable(f"the operation {name!r} is in {several or 'none of '}{where}")
    return found[0]


def _known(source: str, known: Sources) -> str:
    if source not in known.services:
        raise Untranslatable(
            f"no service of the catalogue is known for the source {source!r}; say `--source {source}=SERVICE`"
        )
    return known.services[source]


def _called(catalog: Catalog, service: str, short: str) -> Operation:
    found = _find(catalog, service, short)
    if found is None:
        raise Untranslatable(f"service {service!r} has no operation {short!r}")
    return found


def _find(catalog: Catalog, service: str, short: str) -> Operation | None:
    names = (f"{service}.{short}", f"{service}.{camel_case(short)}")
    return next((catalog.operations[name] for name in names if name in catalog.operations), None)


def _at_path(text: str, known: Sources) -> Operation:
    """Return the operation at `{$sourceDescriptions.name.url}#/paths/~1orders/get`."""
    head, _, rest = text.partition("#")
    source = head.strip("{}").removeprefix(_PREFIX).removesuffix(".url")
    service = _known(source, known)
    match parts(rest):
        case ("paths", path, *method):
            found = [
                each
                for each in known.catalog.operations.values()
                if each.service == service and _is_at(each, path, method[0] if method else None)
            ]
            if len(found) == 1:
                return found[0]
    raise Untranslatable(f"service {service!r} has not one operation at {rest!r}")


def _is_at(operation: Operation, path: str, method: str | None) -> bool:
    binding = operation.binding
    return (
        isinstance(binding, HttpBinding)
        and binding.path == path
        and (method is None or binding.method.lower() == method.lower())
    )


class Arguments(NamedTuple):
    """What a call is given."""

    values: dict[str, Any]
    ignored: list[str]
    """Why something is not given, in words."""


class Given(NamedTuple):
    """The parameters of a step."""

    own: list[Parameter]
    shared: list[Parameter]
    """Those of the whole workflow that the step does not have itself."""


def arguments(step: Step, parameters: Given, target: Operation, scope: Scope) -> Arguments:
    """Return the arguments of a call by the operation's own names; raise Untranslatable."""
    found = Arguments({}, [])
    for parameter in (*parameters.own, *parameters.shared):
        name = _argument(parameter, target)
        if name is not None:
            found.values[name] = template(parameter.value, scope)
        elif parameter.place == "header" and parameter.name.lower() in _IDENTITY:
            found.ignored.append(f"header {parameter.name!r}: the catalogue's `auth` says who calls")
        elif parameter in parameters.shared:
            found.ignored.append(
                f"the workflow's parameter {parameter.name!r}, which {target.name!r} does not take"
            )
        else:
            remedy = hint(parameter.name, target.input.get("properties", {}))
            raise Untranslatable(f"{target.name!r} takes no {parameter.name!r}. {remedy}")
    if step.request_body is not None:
        found.values.update(_body(step.request_body, target, scope))
    return found


def _argument(parameter: Parameter, target: Operation) -> str | None:
    binding, declared = target.binding, target.input.get("properties", {})
    if isinstance(binding, HttpBinding):
        for name, place in binding.places.items():
            is_there = place == parameter.place or parameter.place is None or parameter.place == "body"
            if is_there and binding.names.get(name, name).lower() == parameter.name.lower():
                return name
    return parameter.name if parameter.name in declared else None


def _body(body: RequestBody, target: Operation, scope: Scope) -> dict[str, Any]:
    payload = _replaced(_loaded(body), body)
    binding = target.binding
    places = binding.places if isinstance(binding, HttpBinding) else {}
    whole = next((name for name, place in places.items() if place == "whole_body"), None)
    if whole is not None:
        return {whole: template(payload, scope)}
    fields = {
        binding.names.get(name, name) if isinstance(binding, HttpBinding) else name: name
        for name in target.input.get("properties", {})
        if places.get(name) in _BODY
    }
    if isinstance(payload, str):
        required = [wire for wire, name in fields.items() if name in target.input.get("required", ())]
        return {fields[wire]: f"${{{cel(_below(payload, wire), scope)}}}" for wire in required or fields}
    if not isinstance(payload, Mapping):
        raise Untranslatable(f"the body of {target.name!r} is no object")
    for wire in payload.keys() - fields.keys():
        raise Untranslatable(f"the body of {target.name!r} has no field {wire!r}. {hint(wire, fields)}")
    return {fields[wire]: template(value, scope) for wire, value in payload.items()}


def _below(expression: str, field: str) -> str:
    """Return the expression of a field of what an expression gives."""
    return f"{expression}{'' if '#' in expression else '#'}{pointer([field])}"


def _loaded(body: RequestBody) -> Any:
    """Return the payload; a text that holds JSON as that JSON."""
    if isinstance(body.payload, str) and body.payload.lstrip()[:1] in {"{", "["}:
        try:
            return orjson.loads(body.payload)
        except orjson.JSONDecodeError as exc:
            raise Untranslatable(f"its payload is a text that is no JSON ({exc})") from None
    return body.payload


def _replaced(payload: Any, body: RequestBody) -> Any:
    """Return the payload with its replacements put in."""
    for replacement in body.replacements:
        *way, last = parts(replacement.target) or ("",)
        here = payload
        for part in way:
            here = here[int(part)] if isinstance(here, list) and part.isdecimal() else _field(here, part)
        if not isinstance(here, dict):
            raise Untranslatable(f"the payload has nothing at {replacement.target!r}")
        here[last] = replacement.value
    return payload


def _field(value: Any, name: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise Untranslatable(f"the payload has nothing at {name!r}")
    return value[name]
