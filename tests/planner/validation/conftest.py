"""What the tests of validation share: a catalogue with closed schemas, and a short way to check steps."""

from collections.abc import Callable, Mapping
from textwrap import dedent, indent
from typing import Any

import pytest

from planner import documents
from planner.definition import Workflow
from tools.catalog import Catalog
from tools.operations import HttpBinding, Operation
from tools.problems import Problem

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer"}


def closed(optional: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """Return the schema of an object with these fields and no other."""
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


def operation(name: str, takes: dict[str, Any], gives: dict[str, Any] | None) -> Operation:
    """Return an operation that is never called."""
    binding = HttpBinding(method="POST", path="/")
    return Operation(name=name, service=name.partition(".")[0], input=takes, output=gives, binding=binding)


LINES = {"type": "array", "items": closed(sku=TEXT, quantity=WHOLE)}
ORDER = closed(
    id=TEXT,
    sku=TEXT,
    shipment_id=TEXT,
    payment_id=TEXT,
    total=NUMBER,
    quantity=WHOLE,
    customer=TEXT,
    paid={"type": "boolean"},
    status={"type": "string", "enum": ["open", "sent"]},
    lines=LINES,
)
OPERATIONS = [
    operation("orders.getOrder", closed(order_id=TEXT), ORDER),
    operation(
        "orders.create",
        closed(("note", "express"), lines=LINES, note=TEXT, express={"type": "boolean"}),
        ORDER,
    ),
    operation("inventory.getStock", closed(sku=TEXT), closed(sku=TEXT, available=WHOLE)),
    operation("shipping.track", closed(id=TEXT), closed(id=TEXT, eta_days=WHOLE)),
    operation("shipping.express", closed(order_id=TEXT), closed(shipment_id=TEXT)),
    operation("payments.refund", closed(payment_id=TEXT, amount=NUMBER), closed(refund_id=TEXT)),
    operation("notifications.send", closed(to=TEXT, template=TEXT), closed(id=TEXT)),
    operation("misc.anything", {"type": "object"}, None),
]
Check = Callable[..., list[Problem]]


@pytest.fixture
def catalog() -> Catalog:
    return Catalog({item.name: item for item in OPERATIONS}, {})


@pytest.fixture
def check(catalog: Catalog) -> Check:
    """Return a function that gives the problems of steps written in YAML, with remarks where asked."""

    def run(
        steps: str,
        *,
        head: str = "",
        workflows: Mapping[str, Workflow] | None = None,
        remarks: bool = False,
    ) -> list[Problem]:
        text = f"workflow: test\n{dedent(head).strip()}\nsteps:\n{indent(dedent(steps).strip(), '  ')}\n"
        parsed = documents.check(text, file="test.yaml", catalog=catalog, workflows=workflows or {})
        return [*parsed.problems, *(parsed.remarks if remarks else ())]

    return run
