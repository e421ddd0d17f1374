"""Layout: places that do not overlap, arrows that run down, whatever the graph."""

import random
from itertools import pairwise

import pytest

from graphs import layout
from graphs.layout import Box, Link

SEED = 7


def apart(one, other):
    """Tell whether two placed boxes leave each other room."""
    (a, p), (b, q) = one, other
    return p.x + a.width <= q.x or q.x + b.width <= p.x or p.y + a.height <= q.y or q.y + b.height <= p.y


def checked(boxes, links):
    placed = layout.layered(boxes, links)
    found = [(box, placed.corners[box.id]) for box in boxes]
    for index, one in enumerate(found):
        assert all(apart(one, other) for other in found[index + 1 :])
        assert one[1].x >= -0.01
        assert one[1].y >= -0.01
        assert one[1].x + one[0].width <= placed.width + 0.01
        assert one[1].y + one[0].height <= placed.height + 0.01
    assert len(placed.ways) == len(links)
    return placed


def boxes(*names):
    return [Box(name, 80, 30) for name in names]


def test_what_follows_stands_below():
    placed = checked(boxes("a", "b", "c"), [Link("a", "b"), Link("b", "c"), Link("a", "c")])

    assert placed.corners["a"].y < placed.corners["b"].y < placed.corners["c"].y


def test_a_way_begins_and_ends_at_its_boxes():
    placed = checked(boxes("a", "b"), [Link("a", "b", 40)])

    first, last = placed.ways[0].points[0], placed.ways[0].points[-1]
    assert first.y == placed.corners["a"].y + 30
    assert last.y == placed.corners["b"].y
    assert first.y < placed.ways[0].label.y < last.y


def test_a_way_back_ends_where_it_leads():
    placed = checked(boxes("a", "b"), [Link("a", "b"), Link("b", "a")])

    back = placed.ways[1].points
    assert back[0].y == placed.corners["b"].y
    assert back[-1].y == placed.corners["a"].y + 30


def test_a_way_to_itself_is_a_loop_at_the_side():
    placed = checked(boxes("a"), [Link("a", "a")])

    assert all(point.x >= 80 for point in placed.ways[0].points)


def test_labels_side_by_side_do_not_overlap():
    placed = checked(boxes("a", "b"), [Link("a", "b", 60), Link("a", "b", 60), Link("a", "b", 60)])

    xs = sorted(way.label.x for way in placed.ways)
    assert all(right - left >= 60 for left, right in pairwise(xs))


def test_a_straight_line_is_drawn_straight():
    placed = checked(
        [Box("a", 50, 20), Box("b", 150, 20), Box("c", 90, 20)], [Link("a", "b"), Link("b", "c")]
    )

    centres = {round(placed.corners[n].x + w / 2, 3) for n, w in (("a", 50), ("b", 150), ("c", 90))}
    assert len(centres) == 1


def test_boxes_that_nothing_joins_stand_side_by_side():
    placed = checked(boxes("a", "b", "c"), [])

    assert len({corner.y for corner in placed.corners.values()}) == 1


@pytest.mark.parametrize("turn", range(12))
def test_any_graph_is_laid_out(turn):
    chance = random.Random(SEED + turn)  # noqa: S311 - test data
    names = [f"n{number}" for number in range(chance.randint(1, 25))]
    given = [Box(name, chance.uniform(20, 200), chance.uniform(10, 80)) for name in names]
    links = [
        Link(chance.choice(names), chance.choice(names), chance.choice([0.0, 30.0, 120.0]))
        for _ in range(chance.randint(0, 40))
    ]

    checked(given, links)
    assert layout.layered(given, links) == layout.layered(given, links)
