from planner.planning import missing
from planner.planning.missing import Missing
from planner.planning.reach import Producer


def producer(name, needs, gives):
    return name, Producer(name, frozenset(needs.split()), frozenset(gives.split()))


def test_the_kinds_that_nobody_gives_are_what_is_lacking():
    known = dict([producer("pay", "order card", "receipt"), producer("place", "cart", "order")])
    assert missing.explain("receipt", known, {"cart"}) == Missing(
        want="receipt", lacking=("card",), through=("place", "pay")
    )


def test_of_two_ways_the_one_that_lacks_less_is_told():
    known = dict([producer("long", "a b c", "goal"), producer("short", "d", "goal")])
    assert missing.explain("goal", known, set()) == Missing(want="goal", lacking=("d",), through=("short",))


def test_what_nobody_gives_at_all_is_itself_lacking():
    assert missing.explain("gold", {}, {"lead"}) == Missing(want="gold", lacking=("gold",), through=())


def test_where_producers_wait_for_each_other_one_of_their_kinds_is_lacking():
    known = dict(
        [producer("egg", "hen", "egg"), producer("hen", "egg", "hen"), producer("cook", "egg", "omelette")]
    )
    found = missing.explain("omelette", known, set())
    assert found.through == ("cook",)
    assert found.lacking == ("egg",)
