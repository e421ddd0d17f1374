import math

import pytest

from evals import calibration
from evals.calibration import Sure


def test_the_brier_score_is_the_squared_distance_over_all_options():
    # Brier (1950): (0.7 - 1)^2 + 0.2^2 + 0.1^2
    assert calibration.brier({"a": 0.7, "b": 0.2, "c": 0.1}, "a") == pytest.approx(0.14)
    assert calibration.brier({"a": 1.0}, "a") == 0
    assert calibration.brier({"a": 1.0}, "b") == 2


@pytest.mark.parametrize(
    ("wrong", "n", "bound"),
    [
        (0, 30, 1 - 0.05 ** (1 / 30)),  # closed form where nothing is wrong
        (0, 300, 1 - 0.05 ** (1 / 300)),
        (9, 10, 0.95 ** (1 / 10)),  # closed form where one is right
        (1, 2, 0.95 ** (1 / 2)),
    ],
)
def test_the_upper_bound_is_the_closed_form_where_there_is_one(wrong, n, bound):
    assert calibration.upper(wrong, n) == pytest.approx(bound, abs=1e-9)


@pytest.mark.parametrize(
    ("wrong", "n", "bound"), [(1, 50, 0.091), (2, 100, 0.062), (4, 200, 0.045), (10, 500, 0.034)]
)
def test_two_percent_of_errors_may_be_far_more_among_few(wrong, n, bound):
    assert calibration.upper(wrong, n) == pytest.approx(bound, abs=6e-4)


def test_nothing_is_known_of_a_share_of_none():
    assert calibration.upper(0, 0) == 1.0


CHOICES = [
    Sure(0.9, is_right=True),
    Sure(0.8, is_right=True),
    Sure(0.8, is_right=False),
    Sure(0.4, is_right=False),
]


def test_the_curve_takes_equally_sure_choices_together():
    cuts = calibration.curve(CHOICES)
    assert [(cut.min_confidence, cut.accepted, cut.wrong) for cut in cuts] == [
        (0.9, 1, 0),
        (0.8, 3, 1),
        (0.4, 4, 2),
    ]
    assert [cut.coverage for cut in cuts] == [0.25, 0.75, 1.0]


def test_the_area_is_the_mean_risk_and_its_excess_is_over_the_best_order():
    found = calibration.areas(CHOICES)
    assert found.aurc == pytest.approx((0 + 0.5 / 2 + 1 / 3 + 2 / 4) / 4)
    assert found.e_aurc == pytest.approx(found.aurc - (0 + 0 + 1 / 3 + 2 / 4) / 4)


def test_a_perfect_order_has_no_excess():
    assert calibration.areas([Sure(0.9, is_right=True), Sure(0.5, is_right=False)]).e_aurc == pytest.approx(0)


def test_there_is_no_area_without_choices():
    with pytest.raises(ValueError, match="no choices"):
        calibration.areas([])


def test_the_threshold_is_the_smallest_whose_bound_is_low_enough():
    choices = (
        [Sure(0.9, is_right=True)] * 60 + [Sure(0.7, is_right=True)] * 40 + [Sure(0.3, is_right=False)] * 20
    )
    found = calibration.threshold(choices, risk=0.05)
    assert found is not None
    assert (found.min_confidence, found.accepted) == (0.7, 100)
    assert math.isclose(found.at_most, 1 - 0.05 ** (1 / 100), abs_tol=1e-9)


def test_too_few_choices_prove_no_threshold():
    assert calibration.threshold([Sure(0.9, is_right=True)] * 10, risk=0.05) is None
