from datetime import UTC, datetime

import orjson
import pytest

from planner import documents
from planner.definition import Workflow
from planner.effects import Effect
from planner.planning import drafts, manifest, replanning
from planner.planning.constraints import Constraints
from planner.planning.frame import Frame
from planner.planning.plans import Plan
from planner.planning.policy import Policy
from planner.planning.replanning import Stand
from tools.catalog import Catalog

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
FRAME = Frame(goal="Where is it?", want=("shipment.eta_days", "notifications.send"), have={"order_id": "o-1"})
TOLD = {"order_id": "o-1", "template": "where", "subject": "Your parcel"}


def effect(path, operation, state="applied", **more):
    fields = {"seq": 1, "visit": 1, "attempt": 1, "effect": "read", "at": NOW}
    return Effect.model_validate(fields | {"path": path, "operation": operation, "state": state} | more)


@pytest.fixture(scope="module")
def couriers(shop):
    """Return the shop's catalogue with another service that knows where a parcel is."""
    track = shop.operations["shipping.track"]
    other = track.model_copy(update={"name": "couriers.track", "service": "couriers"})
    return Catalog({**shop.operations, other.name: other}, shop.services)


@pytest.fixture(scope="module")
def stand(shop):
    """Return where a run of a plan stands whose carrier does not answer."""
    draft = next(drafts.composed(FRAME, shop, name="plan-1", way=0))
    workflow = documents.read(orjson.dumps(draft.definition).decode()).workflow
    made = manifest.manifest(workflow, shop, {}, asked=FRAME.want)
    plan = Plan(
        id="p-1",
        frame=FRAME,
        origin="composed",
        definition=draft.definition,
        manifest=made,
        status="approved",
        created_at=NOW,
        created_by="cli",
    )
    done = [effect("get_order", "orders.getOrder"), effect("track", "shipping.track", "not_sent")]
    return Stand(plan, workflow, "track", TOLD, done, frozenset({"shipping.track"}))


def test_what_was_run_is_kept_and_the_rest_is_wired_to_what_it_gave(stand, couriers):
    assert list(stand.workflow.steps) == ["get_order", "track", "send"]
    rest = replanning.rests(stand, couriers, Policy())[0]
    flow = documents.read(orjson.dumps(rest.definition).decode()).workflow

    assert rest.calls == ("couriers.track", "notifications.send")
    assert list(flow.steps) == ["get_order", "track", "track_2", "send_2"]
    assert flow.steps["get_order"] == stand.workflow.steps["get_order"]
    assert flow.steps["track"] == stand.workflow.steps["track"].model_copy(update={"then": "track_2"})
    assert flow.steps["track_2"].with_ == {"shipment_id": "${get_order.shipment_id}"}
    assert flow.steps["send_2"].with_ == stand.workflow.steps["send"].with_
    assert flow.output == {"shipment_eta_days": "${track_2.eta_days}", "send_id": "${send_2.id}"}


def test_what_the_plan_must_not_call_is_no_other_way(stand, couriers):
    limits = Constraints(forbid=("couriers",))
    limited = FRAME.model_copy(update={"constraints": limits})
    kept = stand._replace(plan=stand.plan.model_copy(update={"frame": limited}))

    assert not any("couriers.track" in each.calls for each in replanning.rests(kept, couriers, Policy()))


def test_a_definition_says_by_its_version_of_what_it_is_a_rest(stand, couriers):
    first, again = (replanning.rests(stand, couriers, Policy())[0] for _ in range(2))
    assert first.definition["version"].startswith("0.1.0-rest.")
    assert first == again
    flow = Workflow.model_validate(first.definition)
    assert replanning.option(flow) == f"rest_{flow.sha256[:16]}"


def test_a_way_that_takes_more_than_was_approved_is_told_with_its_reason(stand, shop):
    (rest,) = replanning.rests(stand, shop, Policy())
    assert rest.excluded_by == "shipping.createShipment changes something that was not approved"
    assert (rest.calls[0], rest.definition) == ("shipping.createShipment", {})


def test_without_another_operation_there_is_no_way(stand, shop):
    banned = frozenset({"shipping.track", "shipping.createShipment", "shipping.express"})
    found = replanning.rests(stand._replace(banned=banned), shop, Policy())
    assert [each for each in found if each.excluded_by is None] == []


def test_where_all_that_is_wanted_is_there_the_rest_is_nothing(stand, shop):
    done = [*stand.effects, effect("send", "notifications.send", effect="keyed")]
    got = [*done, effect("look", "shipping.findShipments"), effect("look_2", "shipping.track")]
    (rest,) = replanning.rests(stand._replace(effects=got), shop, Policy())
    assert (rest.calls, rest.definition["steps"]["track"]["then"]) == ((), "end")


def test_what_was_done_counts_against_what_was_approved(stand, shop):
    send = shop.operations["notifications.send"]
    assert replanning.barred(stand, [send], Policy()) is None
    sent = stand._replace(effects=[effect("send", "notifications.send", "unknown", effect="keyed")])
    told = "notifications.send may take effect 1 times, and did 1 times"
    assert replanning.barred(sent, [send], Policy()) == told
    refused = stand._replace(effects=[effect("send", "notifications.send", "rejected", effect="keyed")])
    assert replanning.barred(refused, [send], Policy()) is None
    assert replanning.barred(stand, [send, send], Policy()) == told.replace("did 1", "did 0")


def test_a_change_that_was_not_approved_and_a_read_that_nobody_declared_are_barred(stand, shop):
    refund, look = shop.operations["payments.refund"], shop.operations["payments.getPayment"]
    guessed = look.model_copy(update={"effect_source": "inferred"})
    assert "was not approved" in replanning.barred(stand, [refund], Policy())
    assert replanning.barred(stand, [look], Policy()) is None
    assert "nobody declared" in replanning.barred(stand, [guessed], Policy())
    assert replanning.barred(stand, [guessed], Policy(unconfirmed=False)) is None


def test_a_step_whose_rest_holds_more_than_calls_is_not_replanned(stand):
    steps = {
        "look": {"call": "shipping.track", "with": {}},
        "choose": {"decide": "Which?", "by": "rule", "options": {"a": {"then": "end"}}},
    }
    flow = Workflow.model_validate({"workflow": "plan-2", "steps": steps})
    assert replanning.holds_choices(flow, "look") == (
        "choose would have to be planned anew, and it is more than a call"
    )
    assert replanning.holds_choices(flow, "choose") is None
    assert replanning.holds_choices(stand.workflow, "track") is None


def test_steps_that_are_kept_lead_to_the_end_where_they_led_to_one_that_is_gone(stand, couriers):
    told = stand.workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    gone = {"decide": "Look?", "by": "rule", "options": {"yes": {"then": "track"}, "no": {"then": "send"}}}
    told["steps"] = {"get_order": told["steps"]["get_order"], "ask": gone} | told["steps"]
    asked = stand._replace(workflow=Workflow.model_validate(told))
    options = replanning.rests(asked, couriers, Policy())[0].definition["steps"]["ask"]["options"]
    assert options == {"yes": {"then": "track"}, "no": {"then": "end"}}
