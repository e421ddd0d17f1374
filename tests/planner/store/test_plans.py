from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from planner.definition import Workflow
from planner.errors import VersionClosed
from planner.planning.errors import PlanUnknown
from planner.planning.frame import Frame
from planner.planning.plans import Approval, Plan
from planner.store import plans, tables, versions, workflows

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
FLOW = Workflow.model_validate({"workflow": "plan-1", "steps": {"a": {"set": {"x": 1}}}})


def plan(number=1, **more):
    fields = {
        "id": f"p-{number}",
        "frame": Frame(goal="g", want=("order",), have={"order_id": "o-1"}),
        "origin": "composed",
        "definition": {"workflow": "plan-1"},
        "sha256": FLOW.sha256,
        "digest": "d",
        "status": "waiting",
        "created_at": NOW + timedelta(minutes=number),
        "created_by": "cli",
    }
    return Plan(**{**fields, **more})


def test_a_plan_comes_back_as_it_was_added(database):
    database.write_sync(plans.add, plan())
    assert database.read_sync(plans.get, "p-1") == plan()
    assert database.read_sync(plans.true_frame, "p-1") == plan().frame


def test_a_plan_that_is_not_there_is_told(database):
    with pytest.raises(PlanUnknown):
        database.read_sync(plans.get, "nix")


def test_the_workflow_of_a_plan_takes_no_runs_by_its_own_name(database):
    database.write_sync(plans.add, plan(), FLOW)
    assert database.read_sync(workflows.by_sha256, FLOW.sha256) == FLOW
    with pytest.raises(VersionClosed):
        database.read_sync(versions.current, "plan-1")


def test_the_workflow_of_a_plan_stands_in_no_list_and_belongs_to_the_tenant_of_the_plan(database):
    database.write_sync(plans.add, plan(tenant="acme"), FLOW)
    assert database.read_sync(workflows.names) == []
    assert database.read_sync(workflows.page).items == ()
    assert database.read_sync(plans.owner, "plan-1") == "acme"
    assert database.read_sync(plans.owner, "late-order") is None


def test_a_plan_that_cannot_be_read_sinks_no_list_and_cannot_run(database):
    for number in (1, 2):
        database.write_sync(plans.add, plan(number))
    broken = update(tables.plans).where(tables.plans.c.id == "p-1").values(body='{"way": "x"}')
    database.write_sync(lambda tx: tx.execute(broken).rowcount)

    first, second = database.read_sync(plans.page).items
    assert (first, second.id, second.status) == (plan(2), "p-1", "unusable")
    assert second.problems[0].code == "unreadable-plan"
    assert database.read_sync(plans.get, "p-1") == second


def test_plans_are_listed_newest_first_by_tenant_and_status(database):
    for number in (1, 2, 3):
        database.write_sync(plans.add, plan(number, tenant="acme" if number == 2 else "default"))
    database.write_sync(plans.replace, plan(3, status="void"), was=["waiting"])

    def ids(**more):
        return [each.id for each in database.read_sync(plans.page, **more).items]

    assert ids() == ["p-3", "p-2", "p-1"]
    assert ids(tenant="acme") == ["p-2"]
    assert ids(status="void") == ["p-3"]
    first = database.read_sync(plans.page, limit=2)
    assert [each.id for each in database.read_sync(plans.page, cursor=first.next_cursor).items] == ["p-1"]


def test_of_two_who_judge_at_once_one_wins(database):
    database.write_sync(plans.add, plan())
    told = Approval(digest="d", by="ada", at=NOW, approved=True)
    approved = plan(status="approved", approval=told)
    assert database.write_sync(plans.replace, approved, was=["waiting"])
    assert not database.write_sync(plans.replace, plan(status="rejected"), was=["waiting"])
    assert database.read_sync(plans.get, "p-1") == approved


def test_the_approved_plan_of_a_workflow_is_found_by_its_name(database):
    database.write_sync(plans.add, plan(status="approved"), FLOW)
    database.write_sync(plans.add, plan(2, status="waiting"))
    assert database.read_sync(plans.of_workflow, "plan-1").id == "p-1"
    assert database.read_sync(plans.of_workflow, "other") is None


def test_no_version_of_a_plans_workflow_is_listed(database):
    database.write_sync(plans.add, plan(), FLOW)
    later = Workflow.model_validate(
        {"workflow": "plan-1", "version": "0.1.0-rest.1", "steps": {"b": {"set": {"x": 1}}}}
    )
    database.write_sync(workflows.register, later, source="", now=NOW)
    assert database.read_sync(workflows.names) == []


def test_approved_plans_of_a_frame_are_found_again_each_definition_once_and_never_a_rejected_one(database):
    rows = [
        plan(1, status="approved", frame_sha256="f", sha256="a"),
        plan(2, status="approved", frame_sha256="f", sha256="a"),
        plan(3, status="waiting", frame_sha256="f", sha256="b"),
        plan(4, status="approved", frame_sha256="f", sha256="c"),
        plan(5, status="rejected", frame_sha256="f", sha256="c"),
        plan(6, status="approved", frame_sha256="g", sha256="d"),
        plan(7, status="approved", frame_sha256="f", sha256="e", tenant="acme"),
        plan(8, status="approved", frame_sha256="", sha256="h"),
    ]
    for each in rows:
        database.write_sync(plans.add, each)

    def ids(**more):
        return [found.plan.id for found in database.read_sync(plans.reusable, "default", **more)]

    assert ids(frame_sha256="f") == ["p-2"]
    assert ids() == ["p-6", "p-2"]
    assert [each.id for each in database.read_sync(plans.alike, rows[3])] == ["p-5"]


def test_a_plan_is_compared_with_the_one_approved_last_for_its_frame_and_else_for_its_words(database):
    def framed(goal):
        return Frame(goal=goal, want=("order",))

    kept = [
        plan(1, status="approved", frame_sha256="f", frame=framed("Find it.")),
        plan(2, status="void", frame_sha256="f", frame=framed("Find it.")),
        plan(3, status="approved", frame_sha256="g", frame=framed("find  IT.")),
        plan(4, status="rejected", frame_sha256="f", frame=framed("Find it.")),
        plan(5, status="approved", frame_sha256="f", frame=framed("Find it."), tenant="acme"),
    ]
    for each in kept:
        database.write_sync(plans.add, each)

    def before(**told):
        return database.read_sync(plans.approved_before, plan(9, **told))

    assert before(frame_sha256="f", frame=framed("Anything.")) == "p-2"
    assert before(frame_sha256="h", frame=framed("Find it.")) == "p-3"
    assert before(frame_sha256="h", frame=framed("Lose it.")) is None
    assert before(frame=framed("")) is None
    assert before(frame_sha256="f", frame=framed("Find it."), tenant="acme") == "p-5"
