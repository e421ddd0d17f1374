"""A small shop of operations of every effect class, and searches over workflows of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from evals.explore.scenarios import Scenario
from evals.explore.search import Bounds, Search
from evals.explore.subject import Subject
from graphs import blocks
from planner.definition import Workflow
from tools.access import Service
from tools.catalog import Catalog
from tools.operations import FunctionBinding, Operation, Reconcile, Retry, Undo

TWICE = Retry(attempts=2, initial="PT0.1S", jitter=False)
THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
FOUND = {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": THING}}}


def operation(name: str, effect: str, **more: Any) -> Operation:
    fields: dict[str, Any] = {
        "name": name,
        "service": name.split(".", maxsplit=1)[0],
        "effect": effect,
        "effect_source": "declared",
        "retry": TWICE,
        "output": THING,
        "binding": FunctionBinding(target="nowhere:nothing"),
    }
    return Operation(**fields | more)


def undo(call: str) -> Undo:
    return Undo(call=call, with_={"id": "${output.id}"})


LOOK_UP = Reconcile(
    call="shop.find",
    with_={"of": "${input.order}"},
    applied_when="${size(found.items) > 0}",
    output="${found.items[0]}",
)
OPERATIONS = {
    each.name: each
    for each in (
        operation("shop.look", "read"),
        operation("shop.find", "read", output=FOUND),
        operation("shop.mark", "idempotent"),
        operation("shop.reserve", "keyed", undo=undo("shop.release")),
        operation("shop.release", "idempotent"),
        operation("shop.pay", "write", undo=undo("shop.refund"), reconcile=LOOK_UP),
        operation("shop.refund", "idempotent"),
        operation("shop.send", "keyed", undo=undo("shop.recall")),
        operation("shop.recall", "idempotent"),
        operation("shop.paint", "keyed"),
    )
}
SERVICES = {"shop": Service(name="shop")}
CATALOG = Catalog(OPERATIONS, SERVICES)


def catalog(**changed: Mapping[str, Any]) -> Catalog:
    """Return the catalogue with some operations changed, by their name without the service."""
    own = {
        f"shop.{name}": OPERATIONS[f"shop.{name}"].model_copy(update=dict(more))
        for name, more in changed.items()
    }
    return Catalog({**OPERATIONS, **own}, SERVICES)


def workflow(text: str) -> Workflow:
    return Workflow.model_validate({"workflow": "w", **yaml.safe_load(text)})


def subject(text: str, *others: str, known: Catalog = CATALOG, given: Any = None) -> Subject:
    """Return a workflow as a subject whose one scenario has made-up answers."""
    made = [workflow(each) for each in (text, *others)]
    programs = {each.workflow: blocks.program(each) for each in made}
    scenario = Scenario("sample", {} if given is None else given, {}, {})
    return Subject(made[0], programs, known, known, (scenario,))


class Explorer:
    """Searches, with what they are most often asked for."""

    subject = staticmethod(subject)
    catalog = staticmethod(catalog)
    workflow = staticmethod(workflow)

    def search(self, explored: Subject | str, faults: int = 2, **bounds: Any) -> Search:
        made = subject(explored) if isinstance(explored, str) else explored
        search = Search(made, Bounds(faults=faults, **bounds), check_share=1.0)
        search.run()
        return search

    def lying(self, explored: Subject, **really: Mapping[str, Any]) -> Subject:
        """Return a subject whose catalogue promises more than the services keep."""
        return replace(explored, real=catalog(**really))


@pytest.fixture
def explorer() -> Explorer:
    return Explorer()
