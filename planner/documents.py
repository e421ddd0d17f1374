"""Documents: workflows as YAML or JSON text, read with the place of every problem, and written back."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml as pyyaml
from pydantic import ValidationError

from planner.definition import KINDS, Workflow
from planner.validation import Salvaged, salvage, shape_problems, validate_salvaged
from tools import yaml
from tools.catalog import Catalog
from tools.errors import DocumentInvalid
from tools.problems import Problem
from tools.yaml import Document

_NONE: Mapping[str, Workflow] = MappingProxyType({})
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WIDTH = 110


class Parsed(NamedTuple):
    """What came of reading one text."""

    workflow: Workflow | None
    """The workflow; None where the text does not have the form of one."""

    problems: tuple[Problem, ...]
    """Every error, with line and column; with one, the workflow cannot be used."""

    document: Document | None
    """The data and its places; None where the text cannot be read at all."""

    remarks: tuple[Problem, ...] = ()
    """Warnings, and what open schemas leave undecided, with line and column."""


class _Read(NamedTuple):
    parsed: Parsed
    salvaged: Salvaged | None
    """What can be validated, be the shape right everywhere or not."""


def read(text: str, *, file: str | None = None) -> Parsed:
    """Return the workflow that a YAML or JSON text holds, or what is wrong with its form."""
    return _read(text, file).parsed


def check(
    text: str,
    *,
    file: str | None = None,
    catalog: Catalog | None = None,
    workflows: Mapping[str, Workflow] = _NONE,
) -> Parsed:
    """Return the workflow and every problem of its form and its meaning, each with its place.

    Args:
        text: YAML or JSON.
        file: name of the file, for the problems.
        catalog: operations that it may call; with None, calls are not checked against operations.
        workflows: workflows that it may run, by name.
    """
    parsed, salvaged = _read(text, file)
    workflow, problems, document, _ = parsed
    if salvaged is None or document is None:
        return parsed
    found = validate_salvaged(salvaged, catalog=catalog, workflows=workflows)
    told = {problem.path for problem in problems}
    placed = [document.locate(problem) for problem in found if problem.path not in told]
    errors = (problem for problem in placed if problem.severity == "error")
    remarks = tuple(problem for problem in placed if problem.severity != "error")
    return Parsed(workflow, (*problems, *errors), document, remarks)


def _read(text: str, file: str | None) -> _Read:
    try:
        document = yaml.load(text, file=file)
    except DocumentInvalid as invalid:
        return _Read(Parsed(None, tuple(invalid.problems), None), None)
    if not isinstance(document.data, dict):
        problem = document.locate(_no_mapping(document.data))
        return _Read(Parsed(None, (problem,), document), None)
    try:
        workflow = Workflow.model_validate(document.data)
    except ValidationError as invalid:
        problems = tuple(map(document.locate, shape_problems(invalid)))
        return _Read(Parsed(None, problems, document), salvage(document.data))
    return _Read(Parsed(workflow, (), document), Salvaged(workflow, frozenset()))


def _no_mapping(data: Any) -> Problem:
    found = "nothing" if data is None else "a list" if isinstance(data, list) else f"{data!r}"
    return Problem(
        path="",
        code="not-a-mapping",
        message=f"The document is {found}, not a mapping.",
        remedy="Begin with `workflow:`, `goal:` and `steps:`.",
    )


def dump(workflow: Workflow) -> str:
    """Return YAML that reads back as an equal workflow."""
    data = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return pyyaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


class _Dumper(pyyaml.SafeDumper):
    """Writes texts so that YAML 1.1 and 1.2 read the same."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- the library's signature
        """Write equal parts out each time."""
        return True


def _text(dumper: pyyaml.SafeDumper, text: str) -> pyyaml.ScalarNode:
    style = None if _surely_text(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _surely_text(text: str) -> bool:
    """Tell whether every reader takes the text for one without quotes."""
    return text[:1].isalpha() and text.lower() not in _WORDS and text.isprintable()


_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_Dumper.add_representer(str, _text)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of workflows, for editors."""
    found = _closed(Workflow.model_json_schema(by_alias=True, mode="validation"))
    kinds = found["properties"]["steps"]["patternProperties"].values()
    union = next(iter(kinds))["oneOf"]
    found = _named(found, union)
    for word, reference in zip(KINDS, union, strict=True):
        found["$defs"][reference["$ref"].rpartition("/")[2]]["title"] = f"{word} step"
    found["$defs"]["Step"] = {
        "title": "Step",
        "description": f"One step, of exactly one kind: {', '.join(KINDS)}.",
        "type": "object",
        "oneOf": union,
    }
    head = {
        "$schema": _DIALECT,
        "title": "Workflow",
        "description": "What happens first, what next, and what when something breaks.",
    }
    return {**found, **head}


def _closed(part: Any) -> Any:
    """Return the schema with every mapping of names closed against other names."""
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    inner = {key: _closed(value) for key, value in part.items()}
    return {**inner, "additionalProperties": False} if "patternProperties" in inner else inner


def _named(part: Any, union: list[Any]) -> Any:
    """Return the schema with the union of steps named once and referred to."""
    if isinstance(part, list):
        return [_named(item, union) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("oneOf") == union:
        return {"$ref": "#/$defs/Step"}
    return {key: _named(value, union) for key, value in part.items()}
