import pytest

from planner.store import runs, sharing
from planner.store.sharing import Share


def begun(database, make, *, count=1, **fields):
    return [database.write_sync(runs.create, make.run(**fields)).id for _ in range(count)]


def claimed(database, make, *, limit=10, **more):
    found = database.write_sync(
        runs.claim, worker="w1", now=make.later(minutes=1), lease_seconds=600, limit=limit, **more
    )
    return [(run.tenant, run.workflow.name) for run in found]


def of(name):
    return {"name": name, "version": "1.0.0", "sha256": "ab" * 32}


@pytest.mark.parametrize(
    ("room", "queued", "moving", "shares"),
    [
        (4, {"a": 9, "b": 9}, {}, {"a": 2, "b": 2}),
        (4, {"a": 9, "b": 1}, {}, {"a": 3, "b": 1}),
        (4, {"a": 9, "b": 9}, {"a": 5}, {"b": 4}),
        (4, {"a": 9, "b": 9}, {"a": 1, "c": 50}, {"a": 2, "b": 2}),
        (9, {"a": 2}, {}, {"a": 2}),
        (0, {"a": 2}, {}, {}),
    ],
)
def test_room_goes_to_whoever_has_the_fewest_moving(room, queued, moving, shares):
    found = sharing.share_out(room, queued, moving)

    assert found == [Share(*each) for each in shares.items()]


def test_a_tenant_that_floods_the_queue_leaves_room_for_the_others(database, make):
    begun(database, make, count=8, tenant="loud")
    begun(database, make, count=2, tenant="quiet", created_at=make.later(seconds=5))

    found = claimed(database, make, limit=4)

    assert sorted(tenant for tenant, _ in found) == ["loud", "loud", "quiet", "quiet"]


def test_no_more_runs_of_a_workflow_move_than_its_limit(database, make):
    begun(database, make, count=5, workflow=of("narrow"))
    begun(database, make, count=2, workflow=of("wide"))

    first = claimed(database, make, most_running={"narrow": 2})
    second = claimed(database, make, most_running={"narrow": 2})

    assert sorted(name for _, name in first) == ["narrow", "narrow", "wide", "wide"]
    assert second == []
    assert len(claimed(database, make, most_running={"narrow": 3})) == 1


def test_a_run_that_is_asked_for_by_name_heeds_the_limit_too(database, make):
    (one,), (other,) = (
        begun(database, make, workflow=of("narrow")),
        begun(database, make, workflow=of("narrow")),
    )

    assert len(claimed(database, make, run_id=other, most_running={"narrow": 1})) == 1
    assert claimed(database, make, run_id=one, most_running={"narrow": 1}) == []


def test_a_lost_run_is_taken_over_although_its_workflow_is_full(database, make):
    (lost,) = begun(database, make, workflow=of("narrow"))
    database.write_sync(runs.claim, worker="gone", now=make.at, lease_seconds=1, run_id=lost)

    assert claimed(database, make, most_running={"narrow": 1}) == [("default", "narrow")]


def test_a_full_queue_is_told_in_all_and_by_tenant(database, make):
    begun(database, make, count=3, tenant="acme")

    def told(*args):
        return database.read_sync(sharing.overfull, *args)

    assert told("acme", 4, 4) is None
    assert told("acme", None, None) is None
    assert told("other", 3, 1) == "3 runs wait to be taken up already"
    assert told("acme", 9, 3) == "3 runs of the tenant acme wait to be taken up already"
    assert told("other", 9, 3) is None
