from planner.planning import plans
from planner.planning.plans import Finding, Simulation
from planner.planning.policy import Policy


def test_a_plan_that_needs_no_person_is_approved_by_the_policy(weigh):
    plan, _ = weigh("shipment")
    assert (plan.status, plan.needs, plan.approval.by) == ("approved", (), "policy")
    assert plan.approval.digest == plan.digest


def test_a_plan_that_needs_a_person_waits(weigh):
    plan, _ = weigh("payments.refund")
    assert (plan.status, plan.approval) == ("waiting", None)
    assert plan.needs == ("payments.refund cannot be taken back",)


def test_a_finding_of_simulation_lets_it_wait(weigh):
    found = Finding(invariant="ends", message="It does not end.", faults=1, story=())
    plan, _ = weigh("shipment", simulation=Simulation(status="INCOMPLETE", findings=(found,)))
    assert plan.status == "waiting"


def test_nothing_has_changed_while_catalogue_and_policy_are_as_they_were(weigh, shop):
    plan, workflow = weigh("payments.refund")
    assert plans.changed(plan, workflow, shop, Policy()) == ()


def test_a_changed_contract_a_lost_operation_and_another_policy_are_told(weigh, shop):
    plan, workflow = weigh("payments.refund")
    operations = dict(shop.operations)
    tighter = operations["payments.refund"].model_copy(update={"effect": "irreversible"})
    changed = type(shop)({**operations, "payments.refund": tighter}, shop.services)
    assert plans.changed(plan, workflow, changed, Policy()) == ("the contract of payments.refund changed",)
    del operations["payments.getPayment"]
    smaller = type(shop)(operations, shop.services)
    assert plans.changed(plan, workflow, smaller, Policy()) == (
        "the catalogue holds no payments.getPayment any more",
    )
    assert plans.changed(plan, workflow, shop, Policy(changes=True)) == (
        "its definition or the policy changed",
    )
