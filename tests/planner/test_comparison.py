"""Exact statistics of paired comparisons, held against known values."""

import pytest

from planner import comparison


@pytest.mark.parametrize(
    ("broke", "fixed", "p"),
    [
        (0, 0, 1.0),
        (0, 5, 0.0625),
        (5, 0, 0.0625),
        (0, 6, 0.03125),
        (3, 9, 0.14599609375),
        (4, 4, 1.0),
    ],
)
def test_mcnemar_is_exact_and_two_sided(broke, fixed, p):
    assert comparison.mcnemar(broke, fixed) == pytest.approx(p, rel=1e-4)


def test_mcnemar_holds_for_thousands_of_flips():
    assert comparison.mcnemar(3000, 3000) == 1.0
    assert 0 < comparison.mcnemar(1000, 1300) < 1e-9


def test_the_wilson_interval_of_8_of_10():
    found = comparison.wilson(8, 10)

    assert found.share == 0.8
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_the_wilson_interval_stays_within_bounds():
    assert comparison.wilson(0, 0) == (0.0, 0.0, 1.0)
    assert comparison.wilson(0, 30).low == 0.0
    assert comparison.wilson(0, 30).high == pytest.approx(0.1135, abs=1e-3)
    assert comparison.wilson(30, 30).high == 1.0


@pytest.mark.parametrize(("pairs", "share"), [(78, 0.10), (157, 0.05), (790, 0.01)])
def test_the_share_found_with_80_percent_power_is_that_of_the_exact_tables(pairs, share):
    found = comparison.detectable(pairs)

    assert found.flips == 6
    assert found.with_power == pytest.approx(share, abs=0.002)


def test_the_smallest_detectable_change_is_said_in_words():
    assert "n=40: smallest detectable change: 6 one-way flips (15.0%)" in comparison.detectable(40).sentence
    assert "too few" in comparison.detectable(5).sentence
