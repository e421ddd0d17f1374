"""Records: the frozen documents that everything here is made of."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema


class Record(BaseModel):
    """A frozen document that refuses fields it does not know; what stands under fields reaches its schema."""

    # `use_attribute_docstrings` reads the source of each class when it is imported: a tenth of a start.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        """Return the JSON Schema, in which each field that tells of itself nowhere else has its docstring."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        told = _told(cls)
        for name, field in cls.model_fields.items():
            for shown in {name, field.alias or name} & properties.keys() if name in told else ():
                properties[shown].setdefault("description", told[name])
        return schema


def _told(cls: type[Record]) -> dict[str, str]:
    """Return the docstrings under the fields of a class and of those that it stems from."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if issubclass(each, Record):
            found |= _of_module(each.__module__).get(each.__qualname__.partition("[")[0], {})
    return found


@cache
def _of_module(name: str) -> Mapping[str, dict[str, str]]:
    """Return the docstrings under the fields of every class of a module; none where it has no source."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (KeyError, OSError, TypeError):
        return {}
    return dict(_classes(tree, ""))


def _classes(tree: ast.AST, prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield f"{prefix}{node.name}", dict(_fields(node))
            yield from _classes(node, f"{prefix}{node.name}.")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _classes(node, f"{prefix}{node.name}.<locals>.")
        else:
            yield from _classes(node, prefix)


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in pairwise(node.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield field.target.id, inspect.cleandoc(text)
                case _:
                    pass
