"""What a tenant may do is held by everything that begins a run or makes a plan."""

import asyncio

import pytest

from planner.testing import ScriptedModel

READS = {"acme": {"effects": ["read"]}, "blind": {"operations": ["desk.*"]}}
ACME = {"tenant": "acme"}
NEST = """
workflow: nest
version: 1.0.0
goal: Have it approved.
steps:
  ask: {run: approve, with: {amount: 5}}
"""


@pytest.fixture
def bounded(opened):
    with opened(permits=READS) as client:
        yield client


def begun(client, workflow, given, **more):
    return client.post("/v1/runs", json={"workflow": workflow, "input": given, **more})


def test_a_run_of_what_the_tenant_may_not_call_is_refused_with_each_call(bounded):
    refused = begun(bounded, "approve", {"amount": 5}, **ACME)

    assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
    (problem,) = refused.json()["problems"]
    assert (problem["code"], problem["path"]) == ("not-permitted", "/steps/pay/call")
    told = "has the effect class `write`, which is none of those that the permit of tenant acme names."
    assert problem["message"] == f"'floor.pay' {told}"
    assert bounded.get("/v1/runs", params=ACME).json()["items"] == []


def test_what_keeps_within_the_permit_runs_and_other_tenants_are_not_bounded(bounded):
    assert begun(bounded, "quote", {"sku": "a"}, **ACME).status_code == 201
    assert begun(bounded, "approve", {"amount": 5}).status_code == 201
    assert begun(bounded, "quote", {"sku": "a"}, tenant="blind").status_code == 403


def test_workflows_that_a_workflow_runs_are_bounded_with_it(bounded):
    assert bounded.register(NEST).status_code == 201
    (problem,) = begun(bounded, "nest", {}, **ACME).json()["problems"]
    assert (problem["path"], "floor.pay" in problem["message"]) == ("/steps/ask/run", True)


def test_a_goal_is_led_to_no_workflow_beyond_the_permit_and_the_log_says_why(opened):
    model = ScriptedModel({"goal/route": {"choose": "quote"}, "goal/fill": {"fill": {"sku": "a"}}})
    with (
        model.serving() as address,
        opened(permits=READS, model={"name": "scripted", "base_url": address}) as client,
    ):
        answer = client.post("/v1/runs", json={"goal": "Approve a payment of an article.", **ACME})
        decision = client.get(f"/v1/decisions/{answer.headers['x-decision-id']}").json()

    excluded = {each["id"]: each["excluded_by"] or "" for each in decision["options"]}
    assert "'floor.pay' has the effect class `write`" in excluded["approve"]
    assert excluded["quote"] == ""


def test_a_schedule_tells_that_its_tenant_may_not_run_it(bounded):
    plan = {"workflow": "approve", "input": {"amount": 5}, "every": "PT1S"}
    made = bounded.post("/v1/schedules", json={"name": "often", **ACME, **plan})
    assert made.status_code == 201, made.text
    path = f"/v1/schedules/{made.json()['id']}"
    for _ in range(100):
        if told := bounded.get(path).json()["problem"]:
            break
        bounded.do(asyncio.sleep(0.1))
    assert "tenant 'acme' may not run 'approve'" in told


def test_a_plan_keeps_within_the_permit_of_its_tenant(bounded):
    wanted = {"goal": "Pay.", "want": ["floor.pay"], "have": {"amount": 5}}
    refused = bounded.post("/v1/plans", json=wanted | ACME).json()
    made = bounded.post("/v1/plans", json=wanted).json()

    assert (refused["status"], made["status"]) == ("unusable", "approved")
    assert refused["problems"][0]["code"] == "forbidden-operation"
    assert (
        "none of those that the permit of the plan or its tenant names" in refused["problems"][0]["message"]
    )
    assert refused["frame"]["constraints"]["permits"][0]["effects"] == ["read"]


def test_whoever_wants_a_plan_may_bound_it_further(bounded):
    wanted = {"want": ["floor.price"], "have": {"sku": "a"}, "constraints": {"permits": [{"operations": []}]}}
    told = bounded.post("/v1/plans", json=wanted).json()
    assert (told["status"], told["problems"][0]["code"]) == ("unusable", "forbidden-operation")
