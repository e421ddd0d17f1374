import asyncio
from pathlib import Path

import yaml

from graphs.simulating import Explorer, Limits
from planner.definition import Workflow

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"


def explore(text, *, project=SHOP, limits=Limits(faults=1, seconds=20)):  # noqa: B008 - frozen
    workflow = Workflow.model_validate(yaml.safe_load(text))
    return asyncio.run(Explorer(project, limits)(workflow))


def test_a_workflow_that_nothing_can_harm_is_explored_to_the_end():
    told = explore("""
workflow: plan-1
input: {type: object, required: [order_id], properties: {order_id: {type: string}}}
steps: {order: {call: orders.getOrder, with: {order_id: "${input.order_id}"}}}
""")
    assert (told.status, told.faults, told.findings) == ("COMPLETE", 1, ())
    assert told.worst["calls"] >= 1
    assert told.paths > 1


def test_what_can_go_wrong_is_told_as_a_story():
    told = explore("""
workflow: plan-1
steps:
  pay: {call: payments.refund, with: {payment_id: p-1, amount: 1.0, reason: r, reference: r}}
  tell: {call: notifications.send, with: {to: a@b.c, template: t, subject: s}}
""")
    assert told.findings[0].invariant == "undo-is-complete"
    assert told.findings[0].faults == 1
    assert "notifications.send" in told.findings[0].story[-1]


def test_a_folder_that_is_no_project_is_told_and_nothing_is_raised(tmp_path):
    told = explore("{workflow: plan-1, steps: {a: {set: {x: 1}}}}", project=tmp_path)
    assert told.status == "NOT_RUN"
    assert "catalog.yaml" in told.reasons[0]
