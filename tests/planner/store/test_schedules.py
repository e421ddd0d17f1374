import threading

import pytest

from planner import schedules as plans
from planner.errors import CursorInvalid, NameTaken, ScheduleUnknown
from planner.schedules import Schedule, Timing
from planner.store import open_database, schedules


@pytest.fixture
def add(database, make):
    def added(name="often", **more):
        plan = Timing(workflow=more.pop("workflow", "late-order"), every="PT1H")
        following = plans.after(plan, make.later(), anchor=make.later())
        fields = {"id": f"s-{name}", "name": name, "plan": plan, "created_by": "u", "next_at": following}
        return database.write_sync(schedules.add, Schedule(**fields | {"created_at": make.later()} | more))

    return added


def test_a_schedule_comes_back_as_it_was_added(database, add):
    added = add()

    assert database.read_sync(schedules.get, added.id) == added
    assert database.read_sync(schedules.named, "often", "default") == added
    assert database.read_sync(schedules.named, added.id, "default") == added


def test_a_name_is_a_tenants_once(add):
    add()
    add(id="s-2", tenant="acme")

    with pytest.raises(NameTaken, match="there is a schedule 'often' already"):
        add(id="s-3")


def test_schedules_are_due_once_their_moment_has_come(database, add, make):
    added = add()

    assert database.read_sync(schedules.due, make.later(minutes=59)) == []
    assert database.read_sync(schedules.due, make.later(hours=1)) == [added]
    assert database.read_sync(schedules.due, make.later(hours=1), without=("acme",)) == [added]
    assert database.read_sync(schedules.due, make.later(hours=1), without=("acme", "default")) == []
    assert database.read_sync(schedules.next_moment) == make.later(hours=1)


def test_a_moment_is_passed_once(database, url, add, make):
    added = add()
    moments = (make.later(hours=1), make.later(hours=2))
    won = []

    def work():
        with open_database(url) as own:
            won.append(own.write_sync(schedules.passed, added.id, *moments, run_id="r-1"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False, False, False, True]
    found = database.read_sync(schedules.get, added.id)
    assert (found.last_at, found.next_at, found.last_run_id) == (*moments, "r-1")


def test_what_was_left_out_is_counted_and_the_last_run_stays(database, add, make):
    added = add()
    database.write_sync(schedules.passed, added.id, make.later(hours=1), make.later(hours=2), run_id="r-1")

    database.write_sync(
        schedules.passed, added.id, make.later(hours=2), make.later(hours=3), skipped=1, problem="busy"
    )

    found = database.read_sync(schedules.get, added.id)
    assert (found.skipped, found.problem, found.last_run_id) == (1, "busy", "r-1")


def test_a_paused_schedule_is_never_due_and_goes_on_with_the_next_moment(database, add, make):
    added = add()
    paused = database.write_sync(schedules.change, added.id, "paused", make.later())
    assert (paused.state, paused.next_at) == ("paused", None)
    assert database.read_sync(schedules.due, make.later(days=9)) == []

    resumed = database.write_sync(schedules.change, added.id, "active", make.later(hours=5))

    assert resumed.next_at == make.later(hours=6)
    assert database.write_sync(schedules.change, added.id, "active", make.later(days=9)) == resumed


def test_another_plan_takes_the_place_of_the_first(database, add, make):
    added = add()
    plan = Timing(workflow="other", every="PT2H")

    changed = database.write_sync(schedules.replace, added.id, plan, make.later())

    assert (changed.plan, changed.next_at) == (plan, make.later(hours=2))
    assert database.read_sync(schedules.page, workflow="other").items == (changed,)


def test_a_schedule_that_is_removed_is_gone(database, add):
    added = add()
    database.write_sync(schedules.remove, added.id)

    for read in (schedules.get, schedules.remove):
        with pytest.raises(ScheduleUnknown):
            database.write_sync(read, added.id)
    with pytest.raises(ScheduleUnknown, match="there is no schedule 'often'"):
        database.read_sync(schedules.named, "often", "default")


def test_schedules_are_listed_newest_first_page_by_page(database, add, make):
    for hours in range(3):
        add(f"n-{hours}", created_at=make.later(hours=hours))

    first = database.read_sync(schedules.page, limit=2)
    second = database.read_sync(schedules.page, limit=2, cursor=first.next_cursor)

    assert [each.name for page in (first, second) for each in page.items] == ["n-2", "n-1", "n-0"]
    with pytest.raises(CursorInvalid):
        database.read_sync(schedules.page, cursor="odd")
