"""Inputs: the JSON Schema of what a run is started with."""

from collections.abc import Iterator, Mapping
from typing import Any

from planner.definition import Workflow
from planner.validation.candidates import either, meant, near
from planner.validation.sequences import escaped
from tools import schemas
from tools.problems import Problem

# fmt: off
_KEYWORDS = frozenset({
    "$schema", "$id", "$ref", "$defs", "$anchor", "$dynamicRef", "$dynamicAnchor", "$comment",
    "$vocabulary", "definitions", "type", "enum", "const", "properties", "required",
    "additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties",
    "minProperties", "maxProperties", "dependentRequired", "dependentSchemas", "items", "prefixItems",
    "contains", "minContains", "maxContains", "minItems", "maxItems", "uniqueItems", "unevaluatedItems",
    "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format", "contentEncoding",
    "contentMediaType", "contentSchema", "title", "description", "default", "examples", "deprecated",
    "readOnly", "writeOnly", "nullable", "example", "discriminator", "xml", "externalDocs",
})
# fmt: on
_OF_SCHEMAS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
)


def problems(workflow: Workflow) -> list[Problem]:
    """Return what is wrong with the schema of the workflow's input."""
    broken = schemas.faults(workflow.input, path="/input")
    if broken:
        return [problem.model_copy(update={"code": "bad-schema"}) for problem in broken]
    return [
        problem
        for pointer, schema in _schemas(workflow.input, "/input")
        for problem in (*_unknown(pointer, schema), *_undeclared(pointer, schema))
    ]


def _schemas(schema: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(schema, Mapping):
        return
    yield pointer, schema
    for word in _SINGLE:
        yield from _schemas(schema.get(word), f"{pointer}/{word}")
    for word in _OF_SCHEMAS:
        inner = schema.get(word)
        for name, value in inner.items() if isinstance(inner, Mapping) else ():
            yield from _schemas(value, f"{pointer}/{word}/{escaped(name)}")
    for word in _LISTS:
        inner = schema.get(word)
        for place, value in enumerate(inner if isinstance(inner, (list, tuple)) else ()):
            yield from _schemas(value, f"{pointer}/{word}/{place}")


def _unknown(pointer: str, schema: Mapping[str, Any]) -> Iterator[Problem]:
    for word in schema:
        if word in _KEYWORDS or word.startswith("x-"):
            continue
        likely = near(word, _KEYWORDS - set(schema))
        yield Problem(
            path=f"{pointer}/{escaped(word)}",
            code="unknown-keyword",
            message=f"'{word}' is no keyword of JSON Schema.",
            remedy=f"Did you mean {either(likely)}?"
            if likely
            else "Put fields below `properties`, and notes of your own under a name that begins with `x-`.",
        )


def _undeclared(pointer: str, schema: Mapping[str, Any]) -> Iterator[Problem]:
    declared, required = schema.get("properties"), schema.get("required", ())
    if not isinstance(declared, Mapping) or schema.get("additionalProperties", False) is not False:
        return
    for place, name in enumerate(required):
        if name not in declared and "patternProperties" not in schema:
            yield Problem(
                path=f"{pointer}/required/{place}",
                code="undeclared-field",
                message=f"`required` names '{name}', which `properties` does not declare.",
                remedy=meant(name, list(declared), what="fields"),
            )
