from evals import permuting
from evals.trials import Made, Trial


def made(said, options="ab", point="w/how"):
    return Made.model_construct(point=point, said=said, options=tuple(options))


def trial(*decisions, case="s/a"):
    return Trial.model_construct(case=case, decisions=decisions)


def test_choices_are_compared_across_orders_and_within_one():
    found = permuting.consistency(
        [trial(made(*each)) for each in ("a ab", "a ba", "b ab") for each in [each.split()]]
    )

    assert (found.across, found.within, found.decisions) == (0.5, 0.0, 1)


def test_each_decision_counts_once_however_often_it_was_repeated():
    often = [trial(made("a", order)) for order in ("ab", "ba", "ab", "ba")]
    seldom = [trial(made(said, order), case="s/b") for said, order in (("a", "ab"), ("b", "ba"))]

    assert permuting.consistency([*often, *seldom]).across == 0.5


def test_decisions_with_other_options_are_not_the_same_ones():
    found = permuting.consistency([trial(made("a", "ab")), trial(made("a", "ac"))])

    assert (found.across, found.within, found.decisions) == (None, None, 0)


def test_one_point_can_be_told_alone():
    both = [
        trial(made("a", "ab"), made("a", "ab", point="w/then")),
        trial(made("a", "ba"), made("b", "ba", point="w/then")),
    ]

    assert permuting.consistency(both, point="w/then").across == 0.0
    assert permuting.consistency(both).across == 0.5


def test_answers_that_cannot_be_used_are_no_agreement():
    assert permuting.consistency([trial(made(None, "ab")), trial(made(None, "ba"))]).across is None
