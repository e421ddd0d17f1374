"""Codes: every code that validation can raise, with its class, what it means, a remedy and an example."""

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from tools import yaml
from tools.announcements import Announcement
from tools.catalog import Catalog
from tools.operations import HttpBinding, Operation
from tools.problems import Severity
from tools.records import Record

_FILE = Path(__file__).with_name("codes.yaml")
_PLACE = "…"
_NOWHERE = HttpBinding(method="POST", path="/")


class Code(Record):
    """One kind of problem."""

    code: str
    """Its stable name."""
    class_: str = Field(alias="class")
    """The defect classes it belongs to, `S1` to `S16`; `text` and `form` for what is no workflow yet."""
    severity: Severity = "error"
    means: str
    """What was found, in one sentence."""
    culprit: str
    """What stands in the line of the example that a problem points to."""
    remedy: str
    """What would be right."""
    example: str
    """A short workflow, or text, that raises this code and no other."""
    fill: tuple[str, int] | None = None
    """What stands where the example has `…`, and how many times."""

    @property
    def text(self) -> str:
        """The example as it is checked."""
        piece, times = self.fill or ("", 0)
        return self.example.replace(_PLACE, piece * times) if self.fill else self.example


@cache
def table() -> tuple[Code, ...]:
    """Return every code, in the order of the guide."""
    return tuple(Code.model_validate(entry) for entry in _data()["codes"])


@cache
def catalog() -> Catalog:
    """Return the operations that the examples call, and the events they wait for; nobody ever calls them."""
    found = {name: _operation(name, told) for name, told in _data()["operations"].items()}
    announced = {
        name: Announcement(type=name, data=_closed(told)) for name, told in _data()["events"].items()
    }
    return Catalog(found, {}, announcements=announced)


@cache
def _data() -> Any:
    return yaml.load(_FILE.read_text(encoding="utf-8"), file=_FILE.name).data


def _operation(name: str, told: dict[str, Any]) -> Operation:
    fields: dict[str, Any] = {
        "effect_source": "declared",
        **told,
        "name": name,
        "service": name.partition(".")[0],
        "binding": _NOWHERE,
        "input": _closed(told["input"]),
        "output": _closed(told["output"]),
    }
    return Operation.model_validate(fields)


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has these fields and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
