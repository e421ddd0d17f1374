"""Tests of `planner schedules`."""


def register(desk):
    file = desk.write("late.yaml", "workflow: late\nversion: 1.0.0\nsteps:\n  a: {set: {x: 1}}\n")
    desk("register", str(file))


def test_a_schedule_is_added_listed_looked_at_and_removed(desk):
    register(desk)

    added = desk(
        "schedules", "add", "nightly", "late", "--cron", "0 8 * * 1-5", "--timezone", "Europe/Berlin"
    )
    assert added.code == 0
    assert added.out.startswith(
        "nightly begins late by '0 8 * * 1-5' in Europe/Berlin; the next run begins at"
    )
    assert "nightly" in desk("schedules").out

    moments = desk("schedules", "next", "nightly", "--count", "2", "--json").data["items"]
    assert len(moments) == 2

    assert desk("schedules", "pause", "nightly").out == "nightly is paused.\n"
    assert desk("schedules", "next", "nightly").code == 0
    assert desk("schedules", "resume", "nightly").out.startswith("nightly is active; the next run begins at")
    assert desk("schedules", "remove", "nightly").code == 0
    assert desk("schedules").out == "No schedules.\n"


def test_an_interval_with_an_end_comes_to_it(desk):
    register(desk)

    desk("schedules", "add", "once", "late", "--every", "PT1H", "--ends-at", "2020-01-01T00:00:00Z")

    assert desk("schedules", "next", "once").out == "None any more.\n"


def test_what_can_never_be_planned_is_told(desk):
    register(desk)

    wrong = desk("schedules", "add", "odd", "late", "--cron", "0 25 * * *")
    assert (wrong.code, "'25' is no hour" in wrong.err) == (2, True)
    assert desk("schedules", "add", "odd", "late").code == 2
    assert desk("schedules", "add", "odd", "nix", "--every", "PT1H").code == 5
    assert desk("schedules", "pause", "nix").code == 5
    desk("schedules", "add", "often", "late", "--every", "PT1H")
    again = desk("schedules", "add", "often", "late", "--every", "PT1H")
    assert (again.code, "already" in again.err) == (1, True)
