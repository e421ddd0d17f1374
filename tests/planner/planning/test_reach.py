from planner.planning import reach
from planner.planning.reach import Producer


def producers(**arrows):
    """Return producers by name from texts such as `a b -> c`."""
    found = {}
    for name, arrow in arrows.items():
        needs, gives = arrow.split("->")
        found[name] = Producer(name, frozenset(needs.split()), frozenset(gives.split()))
    return found


def test_everything_is_reached_at_the_first_layer_at_which_it_can_be():
    found = reach.forward(producers(one="a -> b", two="b -> c", three="a -> c", four="c x -> d"), {"a"})
    assert found.kinds == {"a": 0, "b": 1, "c": 1}
    assert found.producers == {"one": 1, "three": 1, "two": 2}


def test_a_producer_that_needs_nothing_is_there_from_the_first_layer():
    assert reach.forward(producers(free="-> a"), set()).kinds == {"a": 1}


def test_producers_that_wait_for_each_other_are_never_reached():
    assert not reach.forward(producers(one="b -> a", two="a -> b"), {"c"}).producers


def test_only_what_something_wanted_could_depend_on_is_relevant():
    found = reach.relevant(producers(one="a -> b", two="b -> c", other="a -> z"), {"c"})
    assert set(found) == {"one", "two"}


def test_twenty_thousand_producers_in_a_chain_are_gone_through_once():
    chain = {
        f"p{i}": Producer(f"p{i}", frozenset([f"k{i}"]), frozenset([f"k{i + 1}"])) for i in range(20_000)
    }
    assert reach.forward(chain, {"k0"}).kinds["k20000"] == 20_000
