from evals import evidence
from evals.evidence import Pair
from evals.figures import Figures


def pair(name, before, after, cluster=None, **more):
    return Pair(
        name,
        cluster or name,
        Figures(passed=before, **{key: each[0] for key, each in more.items()}),
        Figures(passed=after, **{key: each[1] for key, each in more.items()}),
    )


def test_flips_are_counted_both_ways():
    found = evidence.weigh([pair("a", 1, 0), pair("b", 0, 1), pair("c", 1, 0.5), pair("d", 1, 1)], "passed")

    assert (found.flips.broke, found.flips.fixed, found.flips.p) == (2, 1, 1.0)


def test_flips_of_single_cases_are_mcnemar_s_test():
    pairs = [pair(str(place), 1, 0) for place in range(14)] + [pair("other", 0, 1)]
    found = evidence.weigh(pairs, "passed")

    assert found.metrics[0].p == found.flips.p
    assert found.metrics[0].is_worse


def test_cases_of_one_cluster_count_together():
    pairs = [pair(str(place), 1, 0, cluster="one") for place in range(8)]
    found = evidence.weigh(pairs, "passed")

    assert found.flips.p < 0.05
    assert found.metrics[0].p == 1.0
    assert "8 cases count as 1 clusters; McNemar takes all as independent" in found.remarks
    assert found.detectable.startswith("n=1: too few")


def test_less_cost_is_a_gain():
    pairs = [pair(str(place), 1, 1, cost=(3, 1), accuracy=(0, 1)) for place in range(6)]
    found = evidence.weigh(pairs, "cost")

    assert [(each.metric, each.gain) for each in found.metrics] == [
        ("cost", 2.0),
        ("passed", 0.0),
        ("accuracy", 1.0),
    ]


def test_all_but_the_primary_metric_are_corrected():
    pairs = [pair(str(place), 0, 1, cost=(1, 0), accuracy=(0, 1)) for place in range(6)]
    found = evidence.weigh(pairs, "passed")

    assert [each.p for each in found.metrics] == [0.03125] * 3
    assert [each.p_holm for each in found.metrics] == [None, 0.0625, 0.0625]
    assert any("accuracy" in line and "0.0625 after Holm" in line for line in evidence.lines(found))


def test_no_difference_in_few_cases_is_no_proof_of_none():
    found = evidence.weigh([pair("a", 1, 1), pair("b", 1, 1)], "passed")

    assert found.metrics[0].low < -0.8
    assert list(evidence.lines(found))[-1].startswith("n=2: too few")
