import pytest

from planner.errors import VersionClosed, WorkflowUnknown
from planner.store import runs, versions, workflows


@pytest.fixture
def registered(database, make):
    for version in ("1.0.0", "1.1.0", "2.0.0-rc.1"):
        database.write_sync(workflows.register, make.workflow(version=version), source="", now=make.at)
    return database


def change(database, make, version, state):
    return database.write_sync(
        versions.change, "late-order", version, state, actor="u-1", now=make.later(minutes=1)
    )


def begun(database, make, version):
    ref = {"name": "late-order", "version": version, "sha256": "ab" * 32}
    return database.write_sync(runs.create, make.run(workflow=ref))


def claimed(database, make, run):
    return database.write_sync(
        runs.claim, worker="w1", now=make.later(minutes=2), lease_seconds=30, run_id=run.id
    )


def test_every_version_is_active_at_first(registered):
    found = registered.read_sync(versions.standings, "late-order")

    assert [(each.version, each.state, each.changed_at) for each in found] == [
        ("2.0.0-rc.1", "active", None),
        ("1.1.0", "active", None),
        ("1.0.0", "active", None),
    ]


def test_a_change_tells_when_by_whom_and_how_many_runs_are_left(registered, make):
    first, second = begun(registered, make, "1.1.0"), begun(registered, make, "1.1.0")
    registered.write_sync(runs.request_cancel, first.id, make.at)
    mine = claimed(registered, make, second)[0]
    registered.append_sync(make.append(mine, change={"status": "succeeded"}))

    found = change(registered, make, "1.1.0", "draining")

    assert (found.state, found.changed_by, found.changed_at) == ("draining", "u-1", make.later(minutes=1))
    assert found.unfinished == 1


def test_the_same_state_again_changes_nothing(registered, make):
    change(registered, make, "1.0.0", "paused")

    again = registered.write_sync(
        versions.change, "late-order", "1.0.0", "paused", actor="u-2", now=make.later(minutes=9)
    )

    assert (again.changed_by, again.changed_at) == ("u-1", make.later(minutes=1))


def test_a_new_run_gets_the_newest_release_that_is_active(registered, make):
    assert registered.read_sync(versions.current, "late-order").version == "1.1.0"

    change(registered, make, "1.1.0", "draining")
    assert registered.read_sync(versions.current, "late-order").version == "1.0.0"

    change(registered, make, "1.0.0", "paused")
    assert registered.read_sync(versions.current, "late-order").version == "2.0.0-rc.1"


def test_a_version_that_takes_no_runs_says_so(registered, make):
    change(registered, make, "1.1.0", "draining")

    with pytest.raises(VersionClosed, match=r"no run of late-order can begin: 1\.1\.0 is draining; name"):
        registered.read_sync(versions.current, "late-order", "1.1.0")


def test_a_workflow_without_an_active_version_is_offered_with_the_reason(registered, make):
    for version in ("1.0.0", "1.1.0", "2.0.0-rc.1"):
        change(registered, make, version, "draining")

    (offer,) = registered.read_sync(versions.offered)

    assert offer.workflow.version == "1.1.0"
    assert "2.0.0-rc.1 is draining and 1.1.0 is draining and 1.0.0 is draining" in offer.closed


def test_what_is_not_registered_has_no_state(registered, make):
    with pytest.raises(WorkflowUnknown):
        change(registered, make, "9.9.9", "paused")
    with pytest.raises(WorkflowUnknown):
        registered.read_sync(versions.standings, "nix")
    with pytest.raises(WorkflowUnknown):
        registered.read_sync(versions.current, "late-order", "9.9.9")


def test_runs_of_a_paused_version_are_not_claimed_and_those_of_a_draining_one_are(registered, make):
    run = begun(registered, make, "1.1.0")
    change(registered, make, "1.1.0", "paused")
    assert registered.read_sync(versions.of_paused, [run.id]) == {run.id}
    assert claimed(registered, make, run) == []

    change(registered, make, "1.1.0", "draining")
    assert registered.read_sync(versions.of_paused, [run.id]) == set()
    assert [each.id for each in claimed(registered, make, run)] == [run.id]
