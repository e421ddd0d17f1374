"""Listings: what a server told of its tools, kept in a file, and read into operations.

The file is what `planner catalog import` writes: JSON with `serverInfo` and `tools`, both as the protocol has
them. Whatever else a server tells of a tool, such as icons, is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from tools import schemas, validators
from tools.catalog_file import ServiceEntry
from tools.definitions import Definitions, Direction
from tools.errors import CatalogInvalid
from tools.identifiers import identifier
from tools.mcp import hints
from tools.mcp.hints import Hints
from tools.operations import McpBinding, Operation
from tools.problems import Problem
from tools.references import Located, References

KEPT = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
"""What a listing keeps of a tool."""

_LONGEST_SUMMARY = 200
_ANY: Mapping[str, Any] = {"type": "object", "properties": {}}
_SHAPE = {
    "type": "object",
    "required": ["tools"],
    "properties": {
        "serverInfo": {"type": "object"},
        "tools": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "inputSchema"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "title": {"type": "string"},
                    "description": {"type": "string"},
                    "inputSchema": {"type": "object"},
                    "outputSchema": {"type": "object"},
                    "annotations": {"type": "object"},
                },
            },
        },
    },
}


def content(tools: Iterable[Mapping[str, Any]], server: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a listing holds: tools by name, so that two listings of one server compare well."""
    kept = [{name: tool[name] for name in KEPT if name in tool} for tool in tools]
    named = {name: server[name] for name in ("name", "version") if name in server} if server else {}
    return {"serverInfo": named, "tools": sorted(kept, key=lambda tool: str(tool.get("name")))}


class Found(NamedTuple):
    """What a listing holds."""

    operations: tuple[Operation, ...]
    warnings: tuple[Problem, ...]
    """What was read although it is wrong."""


def read(listing: Any, *, service: str, entry: ServiceEntry) -> Found:
    """Return the operations that a listing holds; raise CatalogInvalid where it is none."""
    problems = schemas.problems(_SHAPE, listing)
    if problems:
        raise CatalogInvalid(problems)
    reader = _Reader(listing, service, entry)
    return Found(tuple(reader.operations()), tuple(reader.warnings))


class _Reader:
    """Reads one listing, and gathers what was read although it is wrong."""

    def __init__(self, listing: Mapping[str, Any], service: str, entry: ServiceEntry) -> None:
        self._listing, self._service, self._entry = listing, service, entry
        self._is_trusted = entry.mcp is not None and entry.mcp.trusted
        self._taken: set[str] = set()
        self.warnings: list[Problem] = []

    def operations(self) -> Iterator[Operation]:
        """Return the operation that each tool is."""
        root = Located(self._listing, "", "")
        for index, tool in enumerate(self._listing["tools"]):
            yield self._operation(tool, root.child("tools", index))

    def _operation(self, tool: Mapping[str, Any], at: Located) -> Operation:
        short = identifier(tool["name"], method="tool", path=tool["name"], taken=self._taken)
        self._taken.add(short)
        said = self._hints(tool, at)
        guess = hints.effect(said, is_trusted=self._is_trusted)
        contract = self._entry.operations.get(short)
        declared = contract.effect if contract is not None else None
        if declared is not None and (doubt := hints.doubt(said, declared)):
            message = f"The contract of {short!r} says `{declared}`, but the server itself says {doubt}."
            self._warn(
                at.child("annotations"), "hint", message, "Look at the tool, and declare what it does."
            )
        return Operation(
            name=f"{self._service}.{short}",
            service=self._service,
            summary=_summary(tool),
            input={**_ANY, **(self._schema(tool, at, "inputSchema", "request") or {})},
            output=self._schema(tool, at, "outputSchema", "response"),
            effect=guess.effect,
            effect_source=guess.source,
            binding=McpBinding(tool=tool["name"]),
        )

    def _hints(self, tool: Mapping[str, Any], at: Located) -> Hints:
        names = [field.alias for field in Hints.model_fields.values()]
        told = {name: tool["annotations"][name] for name in names if name in tool.get("annotations", {})}
        try:
            return Hints.model_validate(told)
        except ValidationError:
            message = f"The hints of {tool['name']!r} are not all true or false; none of them counts."
            self._warn(at.child("annotations"), "hint", message, "Tell whoever publishes the server.")
            return Hints()

    def _schema(
        self, tool: Mapping[str, Any], at: Located, field: str, direction: Direction
    ) -> dict[str, Any] | None:
        """Return a schema of the tool as one that stands alone; None where there is none that can be used."""
        if field not in tool:
            return None
        references = References(tool[field])
        definitions = Definitions(references, direction, siblings=True)
        schema = definitions.bundle(definitions.convert(references.root))
        place = at.child(field)
        for warning in definitions.warnings:
            found = warning.model_copy(update={"path": place.path + warning.path})
            self.warnings.append(found)
        broken = [*definitions.problems, *validators.faults(schema)]
        if broken:
            message = (
                f"The {field} of {tool['name']!r} cannot be used, so anything is taken: {broken[0].message}"
            )
            self._warn(place, "broken-schema", message, "Tell whoever publishes the server.")
        return None if broken else schema

    def _warn(self, at: Located, code: str, message: str, remedy: str) -> None:
        self.warnings.append(Problem(path=at.path, code=code, message=message, remedy=remedy))


def _summary(tool: Mapping[str, Any]) -> str:
    text = str(tool.get("description") or tool.get("title") or "")
    lines = text.strip().splitlines()
    return lines[0].strip()[:_LONGEST_SUMMARY] if lines else ""
