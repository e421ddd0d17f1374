"""Contracts joined to operations."""

import pytest

from tools import contracts, yaml
from tools.catalog_file import CatalogFile, Contract, Sheet
from tools.contracts import Place
from tools.operations import HttpBinding, Operation

TEXT = {"type": "string"}


def operation(name, *required, method="POST", output=None, places=None, **changes):
    fields = dict.fromkeys(required, TEXT)
    schema = {
        "type": "object",
        "properties": fields,
        "required": list(required),
        "additionalProperties": False,
    }
    binding = HttpBinding(method=method, path=f"/{name}", places=places or {})
    return Operation(
        name=f"pay.{name}", service="pay", input=schema, output=output, binding=binding, **changes
    )


CHARGE = operation(
    "charge", "order_id", "amount", output={"type": "object", "properties": {"id": TEXT, "amount": TEXT}}
)
REFUND = operation("refund", "payment_id")
FIND = operation("find", "order_id", method="GET", effect="read", output={"properties": {"items": {}}})


def problems(contract, subject=CHARGE):
    sheet = Sheet(None, CatalogFile(), yaml.load("services: {}", file="catalog.yaml"))
    changed = contracts.applied(subject, Contract.model_validate(contract))
    operations = {found.name: found for found in (changed, REFUND, FIND)}
    place = Place(sheet, ("services", "pay", "operations", "charge"))
    return [
        (found.code, found.path.partition("/charge/")[2])
        for found in contracts.problems(changed, operations, place)
    ]


UNDO = {"call": "refund", "with": {"payment_id": "${output.id}"}}
RECONCILE = {
    "call": "find",
    "with": {"order_id": "${input.order_id}"},
    "applied_when": "${size(found.items) > 0 && key != ''}",
    "output": "${found.items[0]}",
}


def test_a_contract_confirms_or_tightens():
    contract = Contract.model_validate(
        {"effect": "keyed", "timeout": "PT2S", "confirm": "person", "summary": "Take money.", "undo": UNDO}
    )
    changed = contracts.applied(CHARGE, contract)
    assert (changed.effect, changed.effect_source) == ("keyed", "declared")
    assert changed.timeout.total_seconds() == 2
    assert (changed.confirm, changed.summary, changed.undo.call) == ("person", "Take money.", "pay.refund")


def test_a_contract_can_say_that_nothing_takes_the_effect_back():
    changed = contracts.applied(CHARGE, Contract(lasting=True))

    assert (changed.lasting, changed.undo, CHARGE.lasting) == (True, None, False)


def test_what_a_contract_leaves_out_stays():
    changed = contracts.applied(CHARGE, Contract())
    assert changed == CHARGE


def test_a_name_with_its_service_is_kept():
    assert contracts.full_name("bank.send", "pay") == "bank.send"
    assert contracts.full_name("send", "pay") == "pay.send"


def test_the_key_of_a_keyed_operation_is_no_argument():
    subject = operation("a", "x", "Idempotency-Key", places={"x": "body", "Idempotency-Key": "header"})
    keyed = contracts.applied(subject, Contract(effect="keyed", key_header="idempotency-key"))
    assert list(keyed.input["properties"]) == ["x"]
    assert keyed.input["required"] == ["x"]
    assert keyed.binding.places == {"x": "body"}
    assert contracts.applied(subject, Contract(effect="write")).input == subject.input


def test_a_right_contract_has_no_problems():
    contract = {
        "effect": "keyed",
        "check": "${output.amount == input.amount}",
        "undo": UNDO,
        "reconcile": RECONCILE,
    }
    assert problems(contract) == []


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        ({"check": "${output.amont == 1}"}, [("unknown-field", "check")]),
        ({"check": "${outptu.amount == 1}"}, [("unknown-name", "check")]),
        ({"check": "${output.amount ==}"}, [("bad-expression", "check")]),
        ({"check": "paid: ${output.amount}"}, [("bad-expression", "check")]),
        ({"undo": {"call": "refnd"}}, [("unknown-operation", "undo/call")]),
        ({"undo": {"call": "refund"}}, [("missing-argument", "undo/with")]),
        (
            {"undo": {"call": "refund", "with": {"payment": "x"}}},
            [("unknown-argument", "undo/with/payment")],
        ),
        (
            {"undo": {"call": "refund", "with": {"payment_id": "${input.no}"}}},
            [("unknown-field", "undo/with/payment_id")],
        ),
        (
            {"undo": {"call": "refund", "with": {"payment_id": "${found.id}"}}},
            [("unknown-name", "undo/with/payment_id")],
        ),
        ({"undo": UNDO, "effect": "irreversible"}, [("contradiction", "undo")]),
        ({"undo": UNDO, "effect": "read"}, [("contradiction", "undo")]),
        (
            {"reconcile": {**RECONCILE, "call": "refund", "with": {"payment_id": "x"}}},
            [("contradiction", "reconcile/call")],
        ),
        (
            {"reconcile": {**RECONCILE, "applied_when": "${found.itms}"}},
            [("unknown-field", "reconcile/applied_when")],
        ),
        ({"reconcile": {**RECONCILE, "output": ["${output}"]}}, [("unknown-name", "reconcile/output")]),
        ({"reconcile": {**RECONCILE, "output": "${found"}}, [("bad-expression", "reconcile/output")]),
    ],
)
def test_each_mistake_is_one_problem(contract, expected):
    assert problems(contract) == expected


def test_a_guessed_read_may_still_be_given_an_undo():
    subject = CHARGE.model_copy(update={"effect": "read", "effect_source": "guessed"})
    assert problems({"undo": UNDO}, subject) == []
