import math
import random

import pytest

from planner.planning import vectors
from planner.planning.vectors import Vectors


def at(*values):
    return vectors.direction(values)


def some(seed, size):
    dice = random.Random(seed)  # noqa: S311 - the same each time
    return [dice.gauss(0, 1) for _ in range(size)]


def test_what_points_the_same_way_comes_first():
    known = Vectors({"east": at(1, 0), "north": at(0, 1), "north-east": at(3, 3), "west": at(-2, 0)})

    assert known.nearest(at(5, 1), most=4) == ["east", "north-east", "north", "west"]
    assert known.nearest(at(5, 1), most=1) == ["east"]


def test_equals_keep_their_order():
    assert Vectors({"b": at(1, 1), "a": at(2, 2)}).nearest(at(1, 1), most=2) == ["b", "a"]


def test_nothing_is_near_where_nothing_is_known():
    assert Vectors({}).nearest(at(1, 2), most=3) == []


@pytest.mark.parametrize("size", [3, 8, 61, 384])
def test_among_thousands_the_nearest_is_what_comparing_every_one_finds(size):
    known = {f"op{seed}": at(*some(seed, size)) for seed in range(2_000)}
    wanted = some(7, size)
    wanted = at(*[value + noise / 2 for value, noise in zip(wanted, some(-1, size), strict=True)])
    cosines = {
        name: sum(a * b for a, b in zip(vectors.numbers(each), vectors.numbers(wanted), strict=True))
        for name, each in known.items()
    }

    assert Vectors(known).nearest(wanted, most=1) == [max(cosines, key=cosines.__getitem__)]


@pytest.mark.parametrize("size", [1, 7, 8, 9, 64, 100])
def test_signs_that_differ_are_counted_right(size):
    one, other = some(1, size), some(2, size)
    differing = sum((a < 0) != (b < 0) for a, b in zip(one, other, strict=True))

    assert (vectors._signs(at(*one)) ^ vectors._signs(at(*other))).bit_count() == differing


def test_a_direction_has_length_one_and_is_told_by_its_bytes():
    kept = at(3, -4)

    assert kept == bytes.fromhex("9a99193fcdcc4cbf")
    assert vectors.numbers(kept) == pytest.approx((0.6, -0.8))
    assert vectors.size(kept) == 2


@pytest.mark.parametrize(
    "values", [(), (0, 0), (math.nan, 1.0), (math.inf, 1.0), (1e308, 1e308, 1e308, 1e308), (10**400, 1)]
)
def test_what_points_nowhere_has_no_direction(values):
    assert vectors.direction(values) is None


def test_what_is_embedded_of_an_operation_is_its_name_path_summary_and_arguments(shop):
    assert vectors.text(shop.operations["payments.refund"]) == (
        "payments refund refunds. Pay money back. takes payment id, amount, reason, reference"
    )


def test_a_long_summary_is_cut(shop):
    long = shop.operations["payments.refund"].model_copy(update={"summary": "long " * 1_000})
    assert len(vectors.text(long)) == vectors.LONGEST_TEXT
