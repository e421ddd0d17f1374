import pytest

from evals import pairing


def test_the_permutation_test_tries_every_flip_of_few_differences():
    # Of 2^5 flips of five equal differences only the two one-sided ones are as far from none.
    assert pairing.permutation([1.0] * 5) == 2 / 32
    # Darwin's fifteen pairs of Zea mays: Fisher (1935) counts 1,726 of 2^15 flips at or beyond, two-sided.
    darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert pairing.permutation(darwin) == pytest.approx(1726 / 2**15, abs=0.006)


def test_no_difference_is_no_evidence():
    assert pairing.permutation([0.0, 0.0]) == 1.0
    assert pairing.permutation([]) == 1.0


def test_the_bootstrap_gives_the_same_bounds_each_time():
    found = pairing.bootstrap([0.0, 1.0, 1.0, 0.0], ["a", "b", "c", "d"])
    assert found == pairing.bootstrap([0.0, 1.0, 1.0, 0.0], ["a", "b", "c", "d"])
    assert found == (0.5, 0.0, 1.0)


def test_cases_of_one_cluster_count_together():
    differences = [1.0] * 10 + [0.0] * 10
    alone = pairing.bootstrap(differences, range(20))
    together = pairing.bootstrap(differences, ["a"] * 10 + ["b"] * 10)
    assert together == (0.5, 0.0, 1.0)
    assert together.low < alone.low < alone.high < together.high


def test_differences_must_all_have_a_cluster():
    with pytest.raises(ValueError, match="shorter"):
        pairing.bootstrap([1.0, 1.0], ["a"])
    with pytest.raises(ValueError, match="no differences"):
        pairing.bootstrap([], [])


def test_several_p_values_are_corrected_from_the_smallest_on():
    # Worked by hand: 3 * 0.01, then max(0.03, 2 * 0.02), then max(0.04, 1 * 0.03).
    assert pairing.holm({"a": 0.03, "b": 0.01, "c": 0.02}) == pytest.approx({"a": 0.04, "b": 0.03, "c": 0.04})
    assert pairing.holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("rights", "repeats", "k", "share"), [(3, 4, 1, 0.75), (3, 4, 2, 0.5), (3, 4, 4, 0.0), (4, 4, 4, 1.0)]
)
def test_pass_all_is_the_share_of_draws_that_are_right_throughout(rights, repeats, k, share):
    assert pairing.pass_all(rights, repeats, k) == share


def test_more_repeats_than_were_played_cannot_be_judged():
    with pytest.raises(ValueError, match="between 1 and the 4"):
        pairing.pass_all(3, 4, 5)
