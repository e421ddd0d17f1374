from datetime import UTC, datetime, timedelta

from planner.decisions import WorkflowRef
from planner.planning.frame import Frame
from planner.planning.plans import Plan
from planner.planning.promotion import Demotion, Promotion
from planner.store import plans, promotions, runs

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
MADE = Promotion(
    workflow="pay-back", version="1.0.0", sha256="s", digest="d", by="ada", at=NOW, runs=("r-1",)
)


def plan(plan_id, promotion=None):
    return Plan(
        id=plan_id,
        frame=Frame(goal="g"),
        origin="composed",
        definition={"workflow": f"plan-{plan_id}"},
        sha256=plan_id,
        status="approved",
        promotion=promotion,
        created_at=NOW,
        created_by="cli",
    )


def test_promoted_plans_are_found_by_their_name_demoted_ones_too(database):
    gone = MADE.model_copy(update={"demoted": Demotion(at=NOW, reasons=("drift",))})
    other = MADE.model_copy(update={"workflow": "look"})
    for each in (plan("p-1"), plan("p-2", gone), plan("p-3", MADE), plan("p-4", other)):
        database.write_sync(plans.add, each)

    assert [each.id for each in database.read_sync(promotions.promoted)] == ["p-2", "p-3", "p-4"]
    named = database.read_sync(promotions.promoted, "pay-back")
    assert [each.promotion.stands for each in named] == [False, True]


def test_a_plan_is_promoted_after_it_was_kept(database):
    database.write_sync(plans.add, plan("p-1"))
    assert database.read_sync(promotions.promoted) == []
    assert database.write_sync(plans.replace, plan("p-1", MADE), was=["approved"])
    assert database.read_sync(promotions.promoted)[0].promotion == MADE


def test_the_latest_live_runs_of_a_version_that_ended_are_read_newest_first(database, make):
    ref = WorkflowRef(name="pay-back", version="1.0.0", sha256="s")
    for number, (status, more) in enumerate(
        [
            ("succeeded", {}),
            ("failed", {}),
            ("running", {}),
            ("failed", {"mode": "eval"}),
            ("succeeded", {"workflow": ref.model_copy(update={"version": "2.0.0"})}),
            ("undone", {"workflow": ref.model_copy(update={"version": "1.0.0-rest.1"})}),
        ]
    ):
        at = NOW + timedelta(minutes=number)
        fields = {"workflow": ref, "status": status, "created_at": at, "updated_at": at} | more
        database.write_sync(runs.create, make.run(**fields))

    found = database.read_sync(promotions.ended, "pay-back", "1.0.0", limit=5)
    assert [each.run.status for each in found] == ["undone", "failed", "succeeded"]
    assert found[0].decisions == found[0].effects == []
    assert database.read_sync(promotions.statuses, "pay-back", "1.0.0", limit=1) == ["undone"]
