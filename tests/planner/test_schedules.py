from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from pydantic import ValidationError

from planner.schedules import NewSchedule, Timing, after, upcoming

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def plan(**fields):
    return Timing(**{"workflow": "report"} | fields)


def moments(made, moment=START, count=3):
    return [each.isoformat() for each in islice(upcoming(made, moment, anchor=START), count)]


def test_a_cron_expression_speaks_of_the_clocks_of_its_zone():
    assert moments(plan(cron="0 8 * * 1-5", timezone="Europe/Berlin")) == [
        "2026-01-06T07:00:00+00:00",
        "2026-01-07T07:00:00+00:00",
        "2026-01-08T07:00:00+00:00",
    ]


def test_the_hour_follows_daylight_saving_time():
    before_spring = datetime(2026, 3, 28, 12, tzinfo=UTC)

    found = moments(plan(cron="0 8 * * *", timezone="Europe/Berlin"), before_spring, 2)

    assert found == ["2026-03-29T06:00:00+00:00", "2026-03-30T06:00:00+00:00"]


def test_a_moment_that_does_not_exist_comes_right_after_the_gap():
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)

    found = moments(plan(cron="30 2 * * *", timezone="Europe/Berlin"), before, 2)

    assert found == ["2026-03-29T01:00:00+00:00", "2026-03-30T00:30:00+00:00"]


def test_a_moment_that_exists_twice_comes_once():
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)

    found = moments(plan(cron="30 2 * * *", timezone="Europe/Berlin"), before, 2)

    assert found == ["2026-10-25T00:30:00+00:00", "2026-10-26T01:30:00+00:00"]


def test_after_the_first_of_two_equal_clock_times_the_second_does_not_come():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert moments(plan(cron="30 2 * * *", timezone="Europe/Berlin"), first, 1) == [
        "2026-10-26T01:30:00+00:00"
    ]


def test_every_hour_is_every_hour_that_passes():
    before = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)

    found = moments(plan(cron="0 * * * *", timezone="Europe/Berlin"), before, 3)

    assert [each[11:16] for each in found] == ["01:00", "02:00", "03:00"]


def test_an_interval_is_counted_from_its_start():
    made = plan(every="PT7M", starts_at="2026-01-05T09:03:00Z")

    assert [each[11:16] for each in moments(made)] == ["09:03", "09:10", "09:17"]
    assert [each[11:16] for each in moments(made, START + timedelta(minutes=10))] == [
        "09:17",
        "09:24",
        "09:31",
    ]


def test_without_a_start_an_interval_is_counted_from_when_it_was_made():
    assert [each[11:16] for each in moments(plan(every="PT30M"))] == ["09:30", "10:00", "10:30"]


def test_nothing_comes_before_the_start_and_from_the_end_on():
    made = plan(cron="0 * * * *", starts_at="2026-01-05T12:00:00Z", ends_at="2026-01-05T14:00:00Z")

    assert [each[11:16] for each in moments(made)] == ["12:00", "13:00"]
    assert after(made, START + timedelta(hours=4), anchor=START) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"every": "P999999999D"},
        {"every": "P3000000D", "starts_at": START},
        {"every": "PT1H", "starts_at": "9999-12-31T23:30:00Z"},
        {"cron": "0 0 * * *", "starts_at": "9999-12-31T23:30:00Z", "timezone": "Asia/Tokyo"},
    ],
)
def test_where_the_calendar_ends_nothing_comes_any_more(fields):
    assert len(list(islice(upcoming(plan(**fields), START, anchor=START), 3))) <= 1


def test_a_start_may_lie_as_far_back_as_the_calendar_goes():
    made = plan(cron="0 12 * * *", starts_at="0001-01-01T00:00:00Z")

    assert moments(made, START, 1) == ["2026-01-05T12:00:00+00:00"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "either `cron` or `every`"),
        ({"cron": "* * * * *", "every": "PT1M"}, "either `cron` or `every`"),
        ({"cron": "* * * *"}, "five fields"),
        ({"cron": "* * * * * *"}, "five fields"),
        ({"cron": "0 25 * * *"}, "'25' is no hour"),
        ({"cron": "0 8 * * MOON"}, "'MOON' is no day of week"),
        ({"cron": "0 0 31 2 *"}, "there is no day"),
        ({"cron": "* * * * *", "timezone": "Berlin"}, "no time zone"),
        ({"cron": "* * * * *", "timezone": "../etc"}, "no time zone"),
        ({"every": "PT0.1S"}, "greater than or equal"),
        ({"every": "PT1M", "catch_up": "-PT1M"}, "greater than or equal"),
        ({"every": "PT1M", "overlap": "queue"}, "skip"),
        (
            {"every": "PT1M", "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"},
            "must lie after",
        ),
    ],
)
def test_what_can_never_be_planned_is_told(wrong, said):
    with pytest.raises(ValidationError, match=said):
        plan(**wrong)


def test_a_new_plan_gives_the_plan_alone():
    new = NewSchedule(name="often", tenant="acme", workflow="report", every="PT1M")

    assert new.plan() == plan(every="PT1M")
