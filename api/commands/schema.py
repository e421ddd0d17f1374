"""Schema: the JSON Schemas of the files that people write."""

from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer

from api.commands import exits
from api.commands.output import Output, as_text
from planner import documents
from tools.catalog_file import CatalogFile

GROUP = "planner.schemas"
"""Entry points that bring further schemas: functions that return one."""


def schema(
    what: Annotated[
        str, typer.Option("--what", help="workflow, catalog, or what another part brings, such as case")
    ] = "workflow",
) -> None:
    """Print the JSON Schema of workflows, catalogues or eval cases, for editors."""
    output = Output(as_json=True)
    makers: dict[str, Callable[[], Any]] = {"workflow": documents.schema, "catalog": _catalog}
    points = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if what in makers:
        output.raw(as_text(makers[what]()))
        return
    if what not in points:
        known = ", ".join(sorted({*makers, *points}))
        raise typer.BadParameter(f"{what!r} is none of {known}", param_hint="--what")
    try:
        found = points[what].load()
    except (ImportError, AttributeError, SyntaxError) as exc:
        output.error(
            f"planner: the schema {what!r} is not available: {points[what].value} cannot be loaded ({exc})"
        )
        raise typer.Exit(exits.UNUSABLE) from exc
    output.raw(as_text(found()))


def _catalog() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **CatalogFile.model_json_schema(by_alias=True),
        "title": "Catalogue",
    }
