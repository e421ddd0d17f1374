import yaml

from planner.definition import Workflow
from planner.planning import manifest

REFUND = """
workflow: w
budget: {model_calls: 4, cost_usd: 0.05}
input: {type: object, properties: {order_id: {type: string}}, required: [order_id]}
steps:
  order: {call: orders.getOrder, with: {order_id: "${input.order_id}"}}
  pick: {decide: Pay it, options: {pay: {then: pay}, leave: {then: end}}, otherwise: leave}
  pay:
    call: payments.charge
    with: {order_id: "${order.id}", customer: "${order.customer}", amount: "${order.total}"}
"""


def made(shop, text=REFUND, asked=()):
    return manifest.manifest(Workflow.model_validate(yaml.safe_load(text)), shop, {}, asked=asked)


def test_a_manifest_tells_what_is_changed_how_often_and_how_it_is_taken_back(shop):
    change = made(shop, asked=["payments.charge"]).changes[0]
    assert (change.operation, change.effect, change.at_most) == ("payments.charge", "write", 1)
    assert (change.taken_back_by, change.asked, change.confirmed) == ("payments.refund", True, True)


def test_it_tells_reads_calls_decisions_and_the_budget(shop):
    found = made(shop)
    assert (found.reads, found.calls, found.model_decisions) == (("orders.getOrder",), 2, 1)
    assert (found.model_calls, found.cost_usd, found.tokens) == (4, 0.05, None)
    assert found.changes[0].asked is False


def test_contracts_are_those_of_what_is_called_taken_back_and_looked_up(shop):
    assert set(made(shop).contracts) == {
        "orders.getOrder",
        "payments.charge",
        "payments.refund",
        "payments.findCharges",
        "payments.findRefunds",
    }


def test_the_hash_of_a_contract_changes_with_it_and_not_with_words_about_it(shop):
    before = manifest.contracts(["payments.refund"], shop)
    operations = dict(shop.operations)

    def after(**changes):
        changed = operations["payments.refund"].model_copy(update=changes)
        return manifest.contracts(
            ["payments.refund"], type(shop)({**operations, "payments.refund": changed}, shop.services)
        )

    assert after(summary="Pays back.", kinds={"amount": "order.total"}) == before
    assert after(effect="irreversible") != before
