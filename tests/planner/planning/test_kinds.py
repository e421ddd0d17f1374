from planner.planning.kinds import NO_KINDS, Kinds


def test_a_kind_stands_in_for_itself_and_for_every_kind_above_it():
    kinds = Kinds({"espresso": "coffee", "coffee": "drink"})
    assert kinds.chain("espresso") == ("espresso", "coffee", "drink")
    assert kinds.widened(["coffee"]) == {"coffee", "drink"}


def test_a_kind_that_the_taxonomy_does_not_know_stands_in_for_itself_only():
    assert NO_KINDS.widened(["tea"]) == {"tea"}


def test_a_taxonomy_that_goes_in_a_circle_ends_where_the_circle_closes():
    assert Kinds({"a": "b", "b": "a"}).chain("a") == ("a", "b")
