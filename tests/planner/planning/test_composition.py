import random
import time

import pytest

from bench import challenge
from planner.planning import composition, reach
from planner.planning.composition import Composition
from planner.planning.kinds import Kinds
from planner.planning.reach import Producer


def producer(name, needs, gives, cost=1.0):
    return Producer(name, frozenset(needs.split()), frozenset(gives.split()), cost)


SHOP = [
    producer("order", "order.id", "order payment.id shipment.id"),
    producer("payment", "payment.id", "payment"),
    producer("parcel", "shipment.id", "eta"),
    producer("weather", "city", "forecast"),
]


def test_producers_come_in_layers_in_which_each_needs_only_what_came_before():
    found = composition.compose(SHOP, ["order.id"], ["eta", "payment"])
    assert found.alternatives == (Composition((("order",), ("parcel", "payment")), 3.0),)
    assert found.missing == ()


def test_what_is_at_hand_already_takes_no_producer():
    assert composition.compose(SHOP, ["eta"], ["eta"]).alternatives == (Composition((), 0.0),)


def test_no_plan_is_answered_with_what_is_missing_for_each_want():
    found = composition.compose(SHOP, ["order.id"], ["eta", "forecast"])
    assert found.alternatives == ()
    assert [(item.want, item.lacking, item.through) for item in found.missing] == [
        ("forecast", ("city",), ("weather",))
    ]


def test_alternatives_come_cheapest_first_and_each_is_another_set():
    ways = [
        producer("dear", "a", "goal", 5.0),
        producer("cheap", "a", "goal"),
        producer("middle", "a", "goal", 2.0),
    ]
    found = composition.compose(ways, ["a"], ["goal"])
    assert [item.names for item in found.alternatives] == [("cheap",), ("middle",), ("dear",)]


def test_no_more_alternatives_are_told_than_were_asked_for():
    ways = [producer(f"way{i}", "a", "goal") for i in range(30)]
    assert len(composition.compose(ways, ["a"], ["goal"], most=3).alternatives) == 3


def test_a_special_kind_stands_in_for_a_general_one_and_not_the_other_way_round():
    kinds = Kinds({"espresso": "coffee"})
    drink = [producer("drink", "coffee", "joy")]
    assert composition.compose(drink, ["espresso"], ["joy"], kinds=kinds).alternatives
    assert not composition.compose(
        [producer("sip", "espresso", "joy")], ["coffee"], ["joy"], kinds=kinds
    ).alternatives


def test_a_producer_that_the_others_make_needless_is_left_out():
    ways = [producer("both", "a", "x y"), producer("one", "a", "x"), producer("next", "x y", "goal")]
    assert composition.compose(ways, ["a"], ["goal"]).alternatives[0].names == ("both", "next")


@pytest.mark.parametrize(("folder", "depth", "steps"), [("01", 3, 10), ("02", 3, 5)])
def test_the_challenge_of_2008_is_solved_at_the_depth_and_size_of_its_reference(real, folder, depth, steps):
    task = challenge.load(real / "wsc2008" / folder)
    found = composition.compose(task.producers, task.have, task.want, kinds=task.kinds)
    assert (len(found.alternatives[0].layers), found.alternatives[0].steps) == (depth, steps)


@pytest.mark.parametrize("seed", range(40))
def test_every_composition_can_be_carried_out_and_nothing_in_it_can_be_left_out(seed):
    chance = random.Random(seed)  # noqa: S311 - the same problems each time
    kinds = [f"k{i}" for i in range(30)]
    ways = [
        Producer(
            f"p{i}",
            frozenset(chance.sample(kinds, chance.randint(0, 3))),
            frozenset(chance.sample(kinds, chance.randint(1, 3))),
            chance.choice([1.0, 2.0, 7.0]),
        )
        for i in range(60)
    ]
    have, want = chance.sample(kinds, 3), chance.sample(kinds, 2)
    found = composition.compose(ways, have, want)
    by_name = {item.name: item for item in ways}
    whole = reach.forward(by_name, have)
    assert bool(found.alternatives) == whole.holds(want)
    for alternative in found.alternatives:
        known = set(have)
        for layer in alternative.layers:
            assert all(by_name[name].needs <= known for name in layer)
            known |= {kind for name in layer for kind in by_name[name].gives}
        assert known >= set(want)
        for name in alternative.names:
            rest = {other: by_name[other] for other in alternative.names if other != name}
            reached = reach.forward(rest, have)
            assert not (reached.holds(want) and len(reached.producers) == len(rest))
    assert len({frozenset(item.names) for item in found.alternatives}) == len(found.alternatives)
    costs = [item.cost for item in found.alternatives]
    assert costs == sorted(costs)


def test_a_long_chain_among_twenty_thousand_producers_is_composed_without_hanging():
    chain = [producer(f"p{i}", f"k{i}", f"k{i + 1}") for i in range(300)]
    others = [producer(f"o{i}", f"k{i % 300}", f"z{i}") for i in range(20_000)]
    began = time.process_time()
    found = composition.compose([*chain, *others], ["k0"], ["k300"])
    assert found.alternatives[0].steps == 300
    assert time.process_time() - began < 20
