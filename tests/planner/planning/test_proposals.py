import itertools

import orjson
import pytest

from planner import documents
from planner.planning import assembly, edges, proposals
from planner.planning.frame import Frame, known


@pytest.fixture
def propose(shop, signed):
    def proposed(*want, **have):
        frame = Frame(want=want, have=have)
        return proposals.propose(frame, known(frame), signed, shop.operations)

    return proposed


def calls(proposal):
    return [step.call for step in proposal.sketch.steps]


def test_a_wanted_value_is_looked_up_without_changing_anything(propose):
    best = propose("shipment.eta_days", order_id="o-1").proposals[0]
    assert calls(best) == ["orders.getOrder", "shipping.track"]
    assert best.sketch.output == {"shipment_eta_days": "${track.eta_days}"}
    assert best.unasked == ()


def test_wanted_effects_come_in_the_order_in_which_they_are_wanted_and_reads_before_them(propose):
    best = propose("notifications.send", "payments.refund", order_id="o-1").proposals[0]
    assert calls(best) == ["orders.getOrder", "payments.getPayment", "notifications.send", "payments.refund"]
    best = propose("payments.refund", "notifications.send", order_id="o-1").proposals[0]
    assert calls(best)[-2:] == ["payments.refund", "notifications.send"]


def test_what_changes_something_unasked_is_taken_only_where_nothing_else_leads_there(propose):
    best = propose("payments.charge", customer="ada@example.com", **{"wanted[]": []}).proposals[0]
    assert "orders.createOrder" in calls(best)
    assert best.unasked == ("orders.createOrder",)


def test_what_nothing_gives_is_told_and_taken_as_input(propose):
    found = propose("payments.refund", order_id="o-1")
    assert [item.lacking for item in found.missing] == [("refund.reason", "refund.reference")]
    assert calls(found.proposals[0])[-1] == "payments.refund"


def test_something_wanted_that_nothing_gives_has_no_proposal(propose):
    found = propose("horoscope", order_id="o-1")
    assert found.proposals == ()
    assert [(item.want, item.lacking) for item in found.missing] == [("horoscope", ("horoscope",))]


def test_alternatives_differ(propose):
    found = propose("payment.amount", order_id="o-1").proposals
    assert len({tuple(calls(item)) for item in found}) == len(found)


@pytest.mark.parametrize("size", [1, 2])
def test_whatever_operations_are_wanted_what_is_proposed_is_valid(shop, signed, propose, size):
    effects = {name: item.effect for name, item in shop.operations.items()}
    for want in itertools.combinations(shop.operations, size):
        frame = Frame(goal="Do it.", want=want, have={"order_id": "o-1", "incident_id": "i-1"})
        given = known(frame)
        for proposal in proposals.propose(frame, given, signed, shop.operations, most=1).proposals:
            wired = edges.wire(proposal.sketch, signed, shop.operations, given)
            schemas = {item.path[0]: item.schema for item in given}
            definition = assembly.assemble("plan", frame.goal, wired, known=schemas, effects=effects)
            assert documents.check(orjson.dumps(definition).decode(), catalog=shop).problems == (), definition
